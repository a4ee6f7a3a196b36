#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// \file
/// What the HTTP server and the handlers of its routes say to each other: plain values, no sockets.

namespace stibium::web {

using http_headers = std::vector<std::pair<std::string, std::string>>;

/// A whole request as a handler gets it; its size has been limited by the server.
struct http_request {
  std::string method; ///< upper case: "GET", "POST", ...
  std::string target; ///< the path, percent-decoded, without the query; begins with '/'
  std::string query;  ///< what follows the '?', as it came; may be empty
  http_headers headers;
  std::string body;
  bool secure = false;  ///< came over TLS (here or at a trusted proxy): cookies are marked `Secure`
  std::string remote{}; ///< the address at the other end; that of the proxy when there is one

  /// The first header of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;

  /// The value of a cookie of the `Cookie` headers; names are case-sensitive (RFC 6265).
  std::optional<std::string_view> cookie(std::string_view name) const;

  /// The first value of a query parameter, decoded (`%41`, and `+` as a blank); broken escapes stay as they are.
  std::optional<std::string> query_value(std::string_view name) const;

  /// All values of a query parameter, decoded, in order.
  std::vector<std::string> query_values(std::string_view name) const;
};

/// A whole answer. The server adds Content-Length, Date, Connection and CORS headers.
struct http_response {
  int status = 200;
  std::string content_type; ///< no Content-Type header when empty
  std::string body;
  http_headers headers; ///< further ones; several of one name (Set-Cookie) are all sent
};

/// Takes an answer. May be called from any thread, exactly once.
using http_reply = std::function<void(http_response)>;

/// Answers a request by calling the reply exactly once, at once or later. Called on an io thread: must not block.
using http_handler = std::function<void(http_request, http_reply)>;

/// Decodes `%41` (and `+` as a blank when asked); broken escapes stay as they are.
std::string percent_decode(std::string_view text, bool plus_is_blank = false);

/// Whether two header names are the same; ASCII only.
bool same_header_name(std::string_view a, std::string_view b);

} // namespace stibium::web
