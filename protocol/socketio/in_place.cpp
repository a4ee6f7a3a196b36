#include "protocol/socketio/in_place.hpp"

namespace stibium::socketio {

in_place_text::in_place_text(std::string_view text) {
  if (text.size() >= inline_bytes) heap_.reset(new char[text.size() + 1]);
  text.copy(data(), text.size());
  data()[text.size()] = '\0';
}

} // namespace stibium::socketio
