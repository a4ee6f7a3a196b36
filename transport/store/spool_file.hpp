#pragma once

#include "transport/store/storage_error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::store {

/// How much of a log is kept.
struct spool_bounds {
  size_t lines = 10000;
  size_t bytes = 4 * 1024 * 1024;
};

/// A log on disk: one line of the file per line of the log, line breaks and backslashes escaped. The file grows to
/// twice its bounds, then only what they allow is kept. It is open only while it is read or written. Used by one thread
/// at a time; blocks. Everything throws `storage_error`.
class spool_file {
public:
  /// Makes the folder of `path`; the file itself is made by the first `append`.
  spool_file(std::string path, spool_bounds bounds);

  /// The newest lines, within the bounds.
  std::vector<std::string> load();

  /// Adds lines with one write. A line that was cut off when the process was killed stays, as a line.
  void append(const std::vector<std::string>& lines);

  /// Empties the log.
  void clear();

private:
  std::vector<std::string> newest(std::string_view text) const;
  void measure();
  void shrink();

  std::string path_;
  spool_bounds bounds_;
  bool measured_ = false;
  bool torn_ = false; ///< the file does not end with a line end
  size_t lines_ = 0, bytes_ = 0;
};

/// A line as it stands in the file, without its end; and back. Text that no `escape_line` has made is taken as it is.
std::string escape_line(std::string_view line);
std::string unescape_line(std::string_view line);

} // namespace stibium::store
