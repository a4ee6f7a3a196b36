#include "transport/runtime/docker/frames.hpp"

#include <algorithm>

namespace stibium::docker {

namespace {

constexpr size_t head_size = 8;
constexpr int most_streams = 3; // stdin, stdout, stderr, and the engine's own errors

} // namespace

bool frame_reader::feed(std::string_view bytes, const piece& then) {
  while (!bytes.empty() && !broken_) {
    if (left_ > 0) {
      const auto part = bytes.substr(0, std::min<uint64_t>(left_, bytes.size()));
      bytes.remove_prefix(part.size());
      left_ -= part.size();
      then(stream_, part, left_ == 0);
      continue;
    }
    const auto part = bytes.substr(0, head_size - head_.size());
    head_ += part;
    bytes.remove_prefix(part.size());
    if (head_.size() < head_size) break;
    const auto at = [&](size_t i) { return static_cast<unsigned char>(head_[i]); };
    stream_ = at(0);
    broken_ = stream_ > most_streams || at(1) != 0 || at(2) != 0 || at(3) != 0;
    for (size_t i = 4; i < head_size; ++i) left_ = left_ << 8 | at(i);
    head_.clear();
  }
  return !broken_;
}

} // namespace stibium::docker
