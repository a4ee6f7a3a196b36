#pragma once

#include "transport/runtime/unique_fd.hpp"

#include <caf/expected.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

/// \file
/// Programs that the service starts. Starting one takes about a millisecond and `run` blocks until it has ended, so
/// both are called on CAF's pool or by detached actors, never on an io thread.

namespace stibium::runtime {

/// Cuts a `run` short from another thread, once and for all. Shared by the one who runs and the one who may cancel.
class interrupter {
public:
  interrupter();
  /// Every `run` with this interrupter ends soon, those to come at once. Any thread.
  void interrupt();
  bool interrupted() const { return set_.load(); }
  /// Readable once `interrupt` was called.
  int fd() const { return event_.get(); }
  /// Waits; false when it was interrupted meanwhile.
  bool sleep_for(std::chrono::milliseconds time) const;

private:
  std::atomic<bool> set_{false};
  unique_fd event_;
};

/// What to start, and how. The child gets default signal handlers, an empty signal mask and no other descriptors.
struct program {
  std::vector<std::string> argv;   ///< the first one with its path
  std::vector<std::string> env;    ///< "KEY=value"
  std::string folder = "/";        ///< where it starts
  int in = -1, out = -1, err = -1; ///< its standard streams; -1 is /dev/null
  int extra = -1;                  ///< becomes descriptor 3 when there is one
};

/// A child of this process that has been started. Nobody waits for it by itself: see `try_reap`.
struct child {
  pid_t pid = -1;
  unique_fd pidfd; ///< readable when the child has ended
};

/// Starts a program in a session (and so a process group) of its own. Error: `runtime_failed`.
caf::expected<child> start(const program& what);

/// Takes the wait status of a child that has ended; false when it runs or is no child of ours (then `status` is -1 and
/// `gone` tells which).
bool try_reap(pid_t pid, int& status, bool& gone);

/// "exit code 1", "signal 9".
std::string describe_status(int status);

/// What is sent to a process group that has to end, and how long to wait for it.
struct stop_step {
  int signal = 0;
  std::chrono::milliseconds wait{0};
};

/// How to run a program to its end.
struct run_options {
  std::string input; ///< its standard input; closed after it
  std::chrono::milliseconds deadline{60'000};
  /// Sent one after the other on interrupt and deadline; SIGKILL always follows.
  std::vector<stop_step> stop_steps;
  /// Called for every line of either stream as it comes, without its end; longer ones are cut at `max_line`.
  std::function<void(std::string_view line, bool from_stderr)> on_line;
};

inline constexpr size_t max_line = 64 * 1024;      ///< of `on_line`
inline constexpr size_t max_captured = 256 * 1024; ///< kept of either stream; the rest is read and dropped

/// How a program ended.
struct run_result {
  int status = 0; ///< as from wait(2)
  std::string out, err;
  bool ok() const { return status == 0; }
  /// The last line of stderr that is not blank, else how it ended.
  std::string last_error() const;
};

/// Starts a program, reads all its output and waits for its end. Errors: `runtime_failed` (cannot be started),
/// `cancelled`, `deadline_passed`; the program's whole process group is gone then.
caf::expected<run_result> run(program what, const run_options& how, const interrupter& stop);

} // namespace stibium::runtime
