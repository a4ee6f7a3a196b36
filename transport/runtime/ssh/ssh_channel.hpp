#pragma once

#include "transport/io/io_thread.hpp"
#include "transport/runtime/shell_kinds.hpp"
#include "transport/runtime/terminal.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace stibium::runtime {

/// What is thought of a server's host key.
enum class host_keys : uint8_t {
  ignore,     ///< any key will do: in a lab every deployment makes new ones
  accept_new, ///< a server that is new is written down, one whose key has changed is refused
  strict      ///< only servers that are written down
};

/// A shell on a machine that speaks SSH.
struct ssh_request {
  std::string host; ///< a name or an address; IPv6 without brackets
  uint16_t port = 22;
  std::string user;
  std::string password; ///< for the methods password and keyboard-interactive; not tried when empty
  std::string key_file; ///< an unencrypted private key, tried first; none when empty
  std::string command;  ///< run instead of the login shell when not empty
  std::string term = "xterm-256color";
  shell_size size{};
  host_keys policy = host_keys::ignore;
  std::string known_hosts;                  ///< the file of known servers; needed unless they are ignored
  std::chrono::milliseconds deadline{5000}; ///< for all of it, from the connection to the shell
};

/// The login of a kind at one node. An ssh method's command is joined with blanks.
ssh_request ssh_login(const shell_method& how, std::string host, shell_size size);

/// Logs in and opens a shell with a terminal. Blocks up to the deadline, so it is called on CAF's pool; the channel is
/// used and destroyed on `thread`. Its `hang_up` closes the SSH channel, whereupon the server ends the program; `kill`
/// sends the signal KILL and cuts the connection.
///
/// Errors: `runtime_failed` (connection refused, authentication failed, host key changed or not known, key not
/// readable, no terminal, ...: the text names host, port and reason), `deadline_passed`.
caf::expected<std::shared_ptr<terminal_channel>> open_ssh(io::io_thread& thread, const ssh_request& what);

} // namespace stibium::runtime
