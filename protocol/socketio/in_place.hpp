#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace stibium::socketio {

/// A copy of a JSON text that RapidJSON may parse in place (`kParseInsituFlag`), which is much faster than from a text
/// that must stay as it is: strings stay where they are, and vector instructions look for their ends.
///
/// A zero stands behind the text, and behind it the room that the vector instructions read. Texts of usual sizes take
/// no heap.
class in_place_text {
public:
  explicit in_place_text(std::string_view text);
  in_place_text(const in_place_text&) = delete;
  in_place_text& operator=(const in_place_text&) = delete;

  /// The text, followed by a zero. Valid as long as this object, and so are strings that were parsed from it.
  char* data() { return heap_ ? heap_.get() : inline_.data(); }

private:
  static constexpr size_t inline_bytes = 1024;
  static constexpr size_t room_behind = 16; // one vector; the zero is its first byte

  std::array<char, inline_bytes> inline_;
  std::unique_ptr<char[]> heap_;
};

} // namespace stibium::socketio
