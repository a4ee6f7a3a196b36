#include "protocol/topology/problem.hpp"

#include <fmt/format.h>

namespace stibium::topology {

std::string to_string(const problem& what) {
  if (what.line == 0) return what.message;
  return fmt::format("line {}, column {}: {}", what.line, what.column, what.message);
}

void add_problem(std::vector<problem>& to, int line, int column, std::string message) {
  if (to.size() < max_problems) to.push_back({line, column, std::move(message)});
}

} // namespace stibium::topology
