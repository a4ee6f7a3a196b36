#include "deploy/client/line_memory.hpp"

#include <functional>

namespace stibium::client {

void line_memory::add(std::string_view line) {
  if (seen_.size() >= max_lines) seen_.pop_front();
  seen_.push_back(std::hash<std::string_view>{}(line));
}

// Knuth, Morris and Pratt: the longest beginning of the backlog that is an end of what was seen.
size_t line_memory::known_in(const std::vector<std::string_view>& backlog) const {
  std::vector<size_t> wanted;
  for (const auto& line : backlog) wanted.push_back(std::hash<std::string_view>{}(line));
  std::vector<size_t> shorter(wanted.size() + 1, 0); // the next shorter beginning that is an end of this one
  for (size_t i = 1, length = 0; i < wanted.size(); ++i) {
    while (length > 0 && wanted[i] != wanted[length]) length = shorter[length];
    if (wanted[i] == wanted[length]) ++length;
    shorter[i + 1] = length;
  }
  size_t length = 0;
  for (const auto line : seen_) {
    while (length > 0 && (length == wanted.size() || wanted[length] != line)) length = shorter[length];
    if (length < wanted.size() && wanted[length] == line) ++length;
  }
  return length;
}

} // namespace stibium::client
