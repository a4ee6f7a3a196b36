#pragma once

#include "actors/messages.hpp"

namespace stibium::runtime {

/// Whether a command is about one node, not the whole lab.
constexpr bool is_node_command(lab_verb verb) { return verb != lab_verb::deploy && verb != lab_verb::destroy; }

} // namespace stibium::runtime
