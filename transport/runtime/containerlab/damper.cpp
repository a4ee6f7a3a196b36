#include "transport/runtime/containerlab/damper.hpp"

#include <algorithm>

namespace stibium::containerlab {

std::optional<std::chrono::milliseconds> damper::pause(time now) {
  while (!tries_.empty() && now - tries_.front() > window) tries_.pop_front();
  if (tries_.size() >= max_tries) return std::nullopt;
  if (tries_.empty()) return first_pause;
  return std::min(longest_pause, first_pause * (1 << tries_.size()));
}

} // namespace stibium::containerlab
