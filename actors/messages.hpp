#pragma once

#include "actors/messages/atoms.hpp"
#include "actors/messages/bulletin.hpp"
#include "actors/messages/clients.hpp"
#include "actors/messages/labs.hpp"
#include "actors/messages/names.hpp"
#include "actors/messages/store.hpp"
#include "actors/messages/streams.hpp"

/// \file
/// What actors say to each other, as far as it names no actor. Facts are structs, commands are atoms. Nothing here
/// leaves the process: no message can be serialized, and none needs to be; large or shared payloads travel as pointers
/// to constants, so that a message to many is built once.
