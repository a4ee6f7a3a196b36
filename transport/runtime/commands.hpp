#pragma once

#include "actors/messages.hpp"

#include <cstddef>

namespace stibium::runtime {

/// Commands that may wait for the one that runs on the same instance; more are refused with `queue_full`.
inline constexpr size_t max_waiting_commands = 16;

/// Whether a command is about one node, not the whole lab.
constexpr bool is_node_command(lab_verb verb) { return verb != lab_verb::deploy && verb != lab_verb::destroy; }

} // namespace stibium::runtime
