#include "protocol/socketio/in_place.hpp"

#include <cstring>

namespace stibium::socketio {

in_place_text::in_place_text(std::string_view text) {
  if (text.size() + room_behind > inline_bytes) heap_.reset(new char[text.size() + room_behind]);
  text.copy(data(), text.size());
  std::memset(data() + text.size(), 0, room_behind);
}

} // namespace stibium::socketio
