#pragma once

#include "deploy/config.hpp"

#include <functional>

namespace YAML {
class Node;
}

/// \file
/// `shell.kinds`, the one key that holds keys.

namespace stibium::deploy {

/// Takes what is wrong and its place in the file.
using complain_at = std::function<void(const YAML::Node& where, std::string text)>;

inline constexpr size_t max_kinds = 256;        ///< of `shell.kinds`
inline constexpr size_t max_kind_text = 4096;   ///< bytes of a name, a word of a command, a password, ...
inline constexpr size_t max_command_words = 64; ///< of a command

/// Reads a map of kinds. Relative key files start at `folder`. Never repeats a password in a complaint.
shell_kind_map read_kinds(const YAML::Node& map, const std::string& folder, const complain_at& complain);

/// The map in one line of YAML.
std::string kinds_text(const shell_kind_map& kinds);

} // namespace stibium::deploy
