#pragma once

#include "transport/runtime/docker/engine.hpp"

#include <string>

/// \file
/// Finding what an exec has started, inside its container: Docker cannot end an exec. Every exec that may have to be
/// ended carries a mark in its environment, which its children inherit. A shell script that runs in the container
/// signals what carries the mark, what shares a session with that, and their children.

namespace stibium::docker {

/// A mark that no other call has returned; it also tells this process's execs from those of others.
std::string next_exec_mark();

/// The environment entry that carries it.
std::string mark_entry(const std::string& mark);

/// Signals ("HUP", "KILL") all that carries `mark`, with its relatives; nothing there is fine. `user` is the one that
/// the exec was made for: who may look into a process is its own user first of all. What then is another user's is
/// signalled by root. Blocks. Errors: those of `engine`.
caf::error signal_marked(engine& docker, const std::string& container, const std::string& mark, const std::string& user,
                         const std::string& signal);

/// Kills all that carries a mark of another process of the service.
caf::error kill_strays(engine& docker, const std::string& container);

} // namespace stibium::docker
