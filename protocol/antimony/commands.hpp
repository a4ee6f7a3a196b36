#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// \file
/// What clients send on `/lab-commands` and `/shells/<shellId>`. Input is the JSON array of the event as it came from
/// the wire: the event's name, then its arguments; further arguments are ignored. Any bytes may come in: all is checked
/// here.

namespace stibium::antimony {

/// The commands of `/lab-commands` by their numbers (published API text, "Available Commands").
enum class command_id : int {
  deploy = 0,
  destroy = 1,
  stop_node = 2,
  start_node = 3,
  restart_node = 4,
  list_shells = 5,
  open_shell = 6,
  close_shell = 7
};

/// A command that is complete: whatever its number needs is there.
struct lab_request {
  std::string lab_id;
  command_id command = command_id::deploy;
  std::string node;     ///< set for the node commands and `open_shell`; else as sent, may be empty
  std::string shell_id; ///< set for `close_shell`; else as sent, may be empty
};

/// The size of a client's terminal.
struct terminal_size {
  uint16_t cols = 80, rows = 24; ///< 1 to `max_terminal_side`
};

/// Why input was refused: answered as error 5422. The message names the field.
struct invalid_input {
  std::string message;
};

template <class T>
using parsed = boost::system::result<T, invalid_input>;

/// Longest `labId`, `node` and `shellId` in bytes.
inline constexpr size_t max_name_bytes = 256;
/// Largest number of columns and of rows.
inline constexpr int max_terminal_side = 1000;

/// The name of an event: the first element of its array. Refused when it is no array that begins with a string.
parsed<std::string> parse_event_name(std::string_view json);

/// Reads the event `data` of `/lab-commands`. Its argument is an object, or a string that holds the object as JSON.
/// With `swapped` the numbers 2 and 3 change places (option `compat.nodeCommandIds: reference`).
parsed<lab_request> parse_lab_command(std::string_view json, bool swapped = false);

/// Reads the event `data` of a shell: the text that was typed.
parsed<std::string> parse_shell_input(std::string_view json);

/// Reads the event `resize` of a shell: `{cols, rows}`, as an object or as a string that holds it.
parsed<terminal_size> parse_resize(std::string_view json);

} // namespace stibium::antimony
