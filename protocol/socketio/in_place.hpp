#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace stibium::socketio {

/// A copy of a JSON text that RapidJSON may parse in place (`kParseInsituFlag`), which costs less than from a text that
/// must stay as it is: strings stay where they are. (RapidJSON's vector instructions would cost less still, but let
/// raw control characters pass in strings.)
///
/// A zero stands behind the text. Texts of usual sizes take no heap.
class in_place_text {
public:
  explicit in_place_text(std::string_view text);
  in_place_text(const in_place_text&) = delete;
  in_place_text& operator=(const in_place_text&) = delete;

  /// The text, followed by a zero. Valid as long as this object, and so are strings that were parsed from it.
  char* data() { return heap_ ? heap_.get() : inline_.data(); }

private:
  static constexpr size_t inline_bytes = 1024;

  std::array<char, inline_bytes> inline_;
  std::unique_ptr<char[]> heap_;
};

} // namespace stibium::socketio
