#pragma once

#include "transport/io/io_thread.hpp"
#include "transport/runtime/docker/endpoint.hpp"
#include "transport/runtime/terminal.hpp"

#include <caf/expected.hpp>

#include <memory>
#include <string>
#include <vector>

namespace stibium::docker {

/// A program to run in a container, in a terminal.
struct exec_request {
  std::string container;         ///< its id
  std::vector<std::string> argv; ///< the program and its arguments; found by the container's PATH
  std::vector<std::string> env;  ///< "KEY=value", beside the container's; TERM is xterm-256color unless it is here
  shell_size size;
  std::string user;   ///< empty: the container's
  std::string folder; ///< where it starts; empty: the container's
};

/// Starts a program in a container. Blocks until it runs (some 100 ms), so it is called on CAF's pool; the channel is
/// used and destroyed on `thread` (destroying it anywhere else is fine as long as it has not been used).
///
/// `hang_up`, `kill` and the destructor reach the program and everything that it has started: Docker has no call for
/// that, so the environment of the program carries a random mark, and a short shell script that runs in the container
/// signals what carries it, what shares its session, and their children. Containers without a `sh` have no shells to
/// end. It is tried again while the container is paused. A program that ends by itself leaves alone what it has put
/// into the background, as any shell does. After `hang_up` and `kill` nothing more is read.
///
/// Errors: those of `engine`; a program that is not there or cannot be started is `runtime_failed` with Docker's words:
/// another may be tried then.
caf::expected<std::shared_ptr<runtime::terminal_channel>> open_exec(io::io_thread& thread, const endpoint& where,
                                                                    const exec_request& what);

/// Ends everything in a container that an earlier process of the service has left there by `open_exec` (it was killed,
/// so that it could not do so itself). Programs of this process stay. Blocks; on CAF's pool. Errors: those of `engine`.
caf::error end_stray_execs(const endpoint& where, const std::string& container);

} // namespace stibium::docker
