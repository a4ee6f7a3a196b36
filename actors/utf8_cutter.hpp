#pragma once

#include <string>
#include <string_view>

namespace stibium {

/// Cuts a stream of bytes into pieces at UTF-8 boundaries: a character that is split over two reads comes out whole.
/// Bytes that are no UTF-8 pass as they are. Pure; holds back at most 3 bytes.
class utf8_cutter {
public:
  /// The characters that are complete now.
  std::string feed(std::string_view bytes);
  /// What was held back: nothing will follow.
  std::string finish();

private:
  std::string tail_;
};

/// Where to cut a text that is longer than `max_bytes`: at most `max_bytes`, never inside a character of valid UTF-8,
/// never 0. `max_bytes` is at least 4.
size_t utf8_cut(std::string_view text, size_t max_bytes);

} // namespace stibium
