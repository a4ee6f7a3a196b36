#pragma once

#include <caf/atom.hpp>

/// \file
/// Commands that have no fields of their own.

CAF_ADD_ATOM(stibium, stibium::atom, adopt, "adopt")
CAF_ADD_ATOM(stibium, stibium::atom, cancel, "cancel")
CAF_ADD_ATOM(stibium, stibium::atom, close, "close")
CAF_ADD_ATOM(stibium, stibium::atom, congested, "congested")
CAF_ADD_ATOM(stibium, stibium::atom, deploy, "deploy")
CAF_ADD_ATOM(stibium, stibium::atom, describe, "describe")
CAF_ADD_ATOM(stibium, stibium::atom, destroy, "destroy")
CAF_ADD_ATOM(stibium, stibium::atom, drained, "drained")
CAF_ADD_ATOM(stibium, stibium::atom, erase, "erase")
CAF_ADD_ATOM(stibium, stibium::atom, find, "find")
CAF_ADD_ATOM(stibium, stibium::atom, follow, "follow")
CAF_ADD_ATOM(stibium, stibium::atom, health, "health")
CAF_ADD_ATOM(stibium, stibium::atom, inspect, "inspect")
CAF_ADD_ATOM(stibium, stibium::atom, list, "list")
CAF_ADD_ATOM(stibium, stibium::atom, load, "load")
CAF_ADD_ATOM(stibium, stibium::atom, login, "login")
CAF_ADD_ATOM(stibium, stibium::atom, lookup, "lookup")
CAF_ADD_ATOM(stibium, stibium::atom, pause, "pause")
CAF_ADD_ATOM(stibium, stibium::atom, reclaim, "reclaim")
CAF_ADD_ATOM(stibium, stibium::atom, refresh, "refresh")
CAF_ADD_ATOM(stibium, stibium::atom, release, "release")
CAF_ADD_ATOM(stibium, stibium::atom, reserve, "reserve")
CAF_ADD_ATOM(stibium, stibium::atom, reset, "reset")
CAF_ADD_ATOM(stibium, stibium::atom, resume, "resume")
CAF_ADD_ATOM(stibium, stibium::atom, save, "save")
CAF_ADD_ATOM(stibium, stibium::atom, shut, "shut")
CAF_ADD_ATOM(stibium, stibium::atom, start, "start")
CAF_ADD_ATOM(stibium, stibium::atom, tick, "tick")
CAF_ADD_ATOM(stibium, stibium::atom, verify, "verify")
CAF_ADD_ATOM(stibium, stibium::atom, wanted, "wanted")
