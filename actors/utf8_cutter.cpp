#include "actors/utf8_cutter.hpp"

#include <utility>

namespace stibium {

namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// How many bytes a character has that begins with `c`; 1 for bytes that begin none.
size_t length_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0xC2 && byte <= 0xDF) return 2;
  if (byte >= 0xE0 && byte <= 0xEF) return 3;
  if (byte >= 0xF0 && byte <= 0xF4) return 4;
  return 1;
}

/// How many bytes at the end are the beginning of a character that may still be completed.
size_t incomplete_tail(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto c = text[text.size() - back];
    if (is_continuation(c)) continue;
    return length_of(c) > back ? back : 0;
  }
  return 0;
}

} // namespace

std::string utf8_cutter::feed(std::string_view bytes) {
  std::string joined;
  if (!tail_.empty()) {
    joined = std::move(tail_);
    joined.append(bytes);
    bytes = joined;
  }
  const auto held = incomplete_tail(bytes);
  tail_ = bytes.substr(bytes.size() - held);
  return std::string{bytes.substr(0, bytes.size() - held)};
}

std::string utf8_cutter::finish() { return std::exchange(tail_, {}); }

size_t utf8_cut(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text.size();
  auto cut = max_bytes;
  while (cut > 0 && is_continuation(text[cut])) --cut;
  return cut > 0 ? cut : max_bytes;
}

} // namespace stibium
