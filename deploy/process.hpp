#pragma once

#include <chrono>
#include <optional>
#include <string>

/// \file
/// What the service's process asks of the operating system.

namespace stibium::deploy {

/// How `stibiumd` ends; the numbers are those of sysexits.h.
enum class exit_code : int {
  ended = 0,         ///< asked to stop, and stopped
  usage = 64,        ///< wrong options on the command line
  no_labs = 66,      ///< the labs folder cannot be read
  cannot_serve = 69, ///< the address cannot be listened on
  broken = 70,       ///< an error of the service itself
  no_data = 73,      ///< the data folder cannot be made, opened or written
  busy = 75,         ///< another service uses the data folder
  bad_config = 78,   ///< the configuration is wrong
  cut_off = 130      ///< a second signal, or a stop that took too long
};

/// Allows as many open files as the system lets this process have. \return how many that are.
size_t raise_file_limit();

/// How many connections clients may hold when so many files may be open: three quarters of them, so that labs, logs and
/// the store always find some; at least 16.
size_t connections_for(size_t files);

/// Tells systemd how the service is, as its units of Type=notify want it: "READY=1", "STOPPING=1", lines of both and
/// "STATUS=...". Does nothing where nobody asked for it (NOTIFY_SOCKET).
void tell_manager(const std::string& state);

/// Waits for SIGTERM, SIGINT and SIGHUP (unless that is ignored), and keeps SIGPIPE from ending the process. Children
/// do not inherit any of it. One per process.
class stop_signals {
public:
  stop_signals();
  ~stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// Waits for a signal, for `wake`, or for the end of `limit`. \return the signal's name; empty when none has come.
  std::string wait(std::optional<std::chrono::milliseconds> limit = std::nullopt);

  /// Ends `wait`; from any thread.
  void wake();

  /// From now on a further signal, and the end of `limit`, end the process at once with `exit_code::cut_off`.
  void cut_off_after(std::chrono::seconds limit);
};

/// Keeps two services out of one data folder. Ends with the process, however that ends.
class folder_lock {
public:
  folder_lock() = default;
  folder_lock(const folder_lock&) = delete;
  folder_lock& operator=(const folder_lock&) = delete;

  /// Takes the lock by way of the file `lock` in `folder`. Waits a few seconds for what a killed service leaves behind.
  /// \return why not, or nothing when it is taken.
  std::optional<std::string> take(const std::string& folder);
  ~folder_lock();

private:
  int file_ = -1;
};

/// The data folder when the configuration names none: /var/lib/stibium for root, else below the user's state folder.
std::string default_data_folder();

} // namespace stibium::deploy
