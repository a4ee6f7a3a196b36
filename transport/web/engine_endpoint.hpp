#pragma once

#include "transport/web/http.hpp"

#include <memory>
#include <string_view>

namespace stibium::web {

class http_connection;
class shard;

/// The session id that a request for Engine.IO names; empty when it opens a session.
std::string engine_sid(const http_request& request);

/// Answers a request for Engine.IO (engine.io-protocol, "Transports"): opens sessions, polls, posts, upgrades. The
/// session that it names, if any, is on this shard.
void serve_engine(shard& home, const std::shared_ptr<http_connection>& on, const http_request& request);

/// The answer for one of the numbered errors of Engine.IO: 0 "Transport unknown", 1 "Session ID unknown", 2 "Bad
/// handshake method", 3 "Bad request", 4 "Forbidden", 5 "Unsupported protocol version".
http_response engine_error(int code);

} // namespace stibium::web
