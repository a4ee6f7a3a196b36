#pragma once

#include "transport/runtime/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace stibium::runtime {

inline constexpr uint64_t max_log_file = 16 * 1024 * 1024; ///< bytes on disk that a node's log may take, about
inline constexpr size_t max_log_line = 64 * 1024;          ///< longer lines are cut into several
inline constexpr size_t max_log_batch = 64 * 1024;         ///< bytes read for one batch of lines

/// Gives the oldest part of a log back to the disk when it takes more than `limit` bytes, so that half of that stays.
/// Writers (which append) and readers go on undisturbed: offsets stay as they are. Where the file system cannot do
/// that, the file is emptied.
bool bound_log(int fd, uint64_t limit = max_log_file);
bool bound_log(const std::string& path, uint64_t limit = max_log_file);

/// Reads a log from its beginning, as far as it is written, again and again.
class log_reader {
public:
  /// Opens the file; `is_open` tells whether it was there.
  explicit log_reader(const std::string& path);
  bool is_open() const { return static_cast<bool>(file_); }

  /// The complete lines that have come since the last call, up to `max_log_batch` bytes of them, without their ends.
  /// Says in a line of its own how much it had to skip because the file was cut. Empty: all has been read.
  std::vector<std::string> read();

  /// The line that has no end yet; called when nothing more is to come.
  std::vector<std::string> rest();

  int fd() const { return file_.get(); }

private:
  bool find_data(std::vector<std::string>& lines);

  unique_fd file_;
  uint64_t at_ = 0;
  bool cut_ = false; // the line at `at_` has lost its beginning
  std::string partial_;
};

} // namespace stibium::runtime
