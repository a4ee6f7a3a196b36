#pragma once

#include "transport/runtime/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace stibium::runtime {

/// A process for longer than its number is its own: numbers are used again, numbers with start times are not (until the
/// machine starts anew, see `boot_id`).
struct process_id {
  pid_t pid = -1;
  uint64_t start = 0; ///< clock ticks after boot; field 22 of /proc/PID/stat
  bool operator==(const process_id&) const = default;
  explicit operator bool() const { return pid > 0; }
};

/// Reads a line of /proc/PID/stat (proc(5)); nothing when it is none.
std::optional<process_id> parse_stat(std::string_view line);

/// The process that has this number now, if there is one that has not ended.
std::optional<process_id> find_process(pid_t pid);

/// The parent of the process that has this number now, also of one that has ended and is waited for; -1 when there is
/// none.
pid_t parent_of(pid_t pid);

/// A descriptor that is readable once the process has ended; none when it has ended already.
unique_fd watch_process(process_id process);

/// Sends a signal, to that process or to nobody. False when it has ended.
bool send_signal(process_id process, int signal);

/// Changes with every start of the machine.
const std::string& boot_id();

} // namespace stibium::runtime
