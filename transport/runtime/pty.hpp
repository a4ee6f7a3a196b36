#pragma once

#include "actors/messages.hpp"
#include "transport/runtime/child_process.hpp"
#include "transport/runtime/terminal.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace stibium::runtime {

/// A program that runs in a terminal of its own.
struct pty_program {
  unique_fd master; ///< non-blocking
  child process;
};

/// Starts a program in a new terminal. The program itself has to make it its controlling terminal, inside whatever
/// namespaces it enters (`setsid --ctty --wait`). Blocks about a millisecond. Error: `runtime_failed`.
caf::expected<pty_program> start_in_pty(program what, shell_size size);

/// The channel to such a program, on `context`. `node` is a descriptor that becomes readable when the node around the
/// program ends: a program killed by that has the reason "node stopped". It may be none. Called on the context's
/// thread.
std::shared_ptr<terminal_channel> make_pty_channel(boost::asio::io_context& context, pty_program program,
                                                   unique_fd node);

} // namespace stibium::runtime
