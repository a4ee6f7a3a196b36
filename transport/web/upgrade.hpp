#pragma once

#include "transport/web/http.hpp"

#include <optional>
#include <string>

namespace stibium::web {

/// Whether a request asks for the WebSocket protocol (RFC 6455, 4.2.1, items 3 and 4).
bool wants_websocket(const http_request& request);

/// What an upgrade request comes to.
struct upgrade_answer {
  std::string accepted;                 ///< the whole 101 answer, or empty
  std::optional<http_response> refused; ///< why not: 426 for another version, 400 for a broken request
};

/// Checks an upgrade request (RFC 6455, 4.2) and writes its answer. No extension and no subprotocol is agreed on.
upgrade_answer answer_upgrade(const http_request& request);

} // namespace stibium::web
