#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stibium::topology {

/// Something about a file that people must know: where, what, and what to do.
struct problem {
  int line = 0, column = 0; ///< 1-based; 0 when the file as a whole is meant
  std::string message;
};

/// "line 3, column 5: message", or the message alone.
std::string to_string(const problem& what);

/// Problems past this number are not kept.
inline constexpr size_t max_problems = 50;

/// Adds a problem, unless there are `max_problems` already.
void add_problem(std::vector<problem>& to, int line, int column, std::string message);

} // namespace stibium::topology
