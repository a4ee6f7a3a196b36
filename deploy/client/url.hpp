#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stibium::client {

/// Where the service is. `text` is what people see.
struct service_url {
  std::string host = "127.0.0.1";
  uint16_t port = 3000;
  std::string text = "http://127.0.0.1:3000";
};

/// Reads `http://HOST[:PORT]`, `HOST:PORT` or `HOST`; IPv6 in brackets. Throws `failure` that says what is wrong.
service_url parse_url(std::string_view text);

} // namespace stibium::client
