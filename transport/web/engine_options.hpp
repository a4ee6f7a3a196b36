#pragma once

#include "transport/web/http.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stibium::web {

/// How the web side of the service behaves, as far as no actor is concerned.
struct engine_options {
  std::string host = "127.0.0.1";   ///< an address, or "localhost"
  uint16_t port = 0;                ///< 0: a free one
  std::string path = "/socket.io/"; ///< of Engine.IO; begins and ends with '/'
  std::chrono::milliseconds ping_interval{25000};
  std::chrono::milliseconds ping_timeout{20000};
  std::chrono::milliseconds connect_timeout{45000}; ///< until the first CONNECT
  size_t max_payload = 1000000;                     ///< bytes of one message, and of one polling request
  size_t max_body = 1024 * 1024;                    ///< bytes of any other HTTP request's body
  std::chrono::milliseconds header_timeout{10000};  ///< for the head of an HTTP request, from its first byte
  std::chrono::milliseconds body_timeout{30000};    ///< for its body
  std::chrono::milliseconds idle_timeout{65000};    ///< between HTTP requests
  std::vector<std::string> cors_origins;            ///< "https://host:port", or "*"; none: same origin only
  size_t send_queue_bytes = 1024 * 1024;            ///< per connection, before its policy takes effect
  size_t max_connections = 50000;                   ///< per io thread; further ones are closed at once
  size_t max_sessions = 50000;                      ///< per io thread; further ones are refused with 503
  http_handler on_http;                             ///< everything outside `path`; 404 when it is not set
};

} // namespace stibium::web
