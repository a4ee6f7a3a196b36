#pragma once

#include "actors/messages/names.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// \file
/// What log streams, shells and terminals pass on.

namespace stibium {

/// Lines for a log, without line ends; UTF-8 (broken bytes are replaced by the log stream). Any length.
struct log_lines {
  std::vector<std::string> lines;
};

/// Typed by a client into a shell.
struct shell_input {
  std::string user_id; ///< who types; must be the owner
  std::string data;
};

/// The client's terminal has this size now; 1 to 1000 each.
struct shell_size {
  uint16_t cols = 80, rows = 24;
};

/// Bytes read from a terminal.
struct terminal_output {
  std::string bytes;
};

/// Bytes for a terminal.
struct terminal_input {
  std::string bytes;
};

/// The terminal is over: its program ended or it broke. Nothing follows.
struct terminal_ended {
  std::string reason; ///< "program ended (exit code 0)", "node stopped", ...
  bool error = false; ///< an I/O error, not an end
};

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::log_lines)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_size)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::terminal_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::terminal_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::terminal_ended)
