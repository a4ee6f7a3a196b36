#pragma once

#include "protocol/socketio/packet.hpp"

#include <optional>
#include <string_view>

namespace stibium::socketio {

/// What the JSON of a packet has to be.
enum class payload_shape : uint8_t {
  anything, ///< any one value
  array,
  event ///< an array that begins with a string or number, and the string is no reserved name
};

/// Checks one JSON text (RFC 8259, whole and strict UTF-8, at most `max_json_depth` deep). Nullopt when it is good.
/// Takes no heap for payloads below about a kilobyte.
std::optional<parse_errc> check_payload(std::string_view json, payload_shape shape);

} // namespace stibium::socketio
