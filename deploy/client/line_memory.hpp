#pragma once

#include <cstddef>
#include <deque>
#include <string_view>
#include <vector>

namespace stibium::client {

/// Remembers the lines of a log that came, to tell what is new in a backlog that comes after a break: backlogs carry no
/// numbers, so the longest overlap counts.
class line_memory {
public:
  /// Older lines are forgotten.
  static constexpr size_t max_lines = 100000;

  /// A line has come.
  void add(std::string_view line);

  /// How many lines at the beginning of a backlog are the last ones that came. 0 when nothing overlaps: the log is a
  /// new one, or lines are missing in between.
  size_t known_in(const std::vector<std::string_view>& backlog) const;

  /// Whether nothing has come yet.
  bool empty() const { return seen_.empty(); }

private:
  std::deque<size_t> seen_; // their hashes
};

} // namespace stibium::client
