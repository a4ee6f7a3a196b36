#pragma once

#include "transport/web/http.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <string>
#include <string_view>

/// \file
/// From Beast's requests to ours, and from our answers to bytes.

namespace stibium::web {

/// What of a request matters for sending its answer.
struct answer_terms {
  unsigned version = 11; ///< 10 or 11
  bool keep_alive = true;
  bool head = false;  ///< only the headers are wanted
  std::string origin; ///< the `Origin` header
};

using beast_request = boost::beast::http::request<boost::beast::http::string_body>;

answer_terms terms_of(const beast_request& head);

/// The status to refuse a request with for what its head says, or 0: 400 without a Host or with a target that is no
/// path, 414 for a target that is too long, 501 for a method that nobody knows or a transfer coding other than
/// `chunked`.
int refusal_of(const beast_request& head);

/// The path of a request target, still encoded, without scheme, host and query.
std::string_view path_of(std::string_view target);

/// Whether a path leads to Engine.IO.
bool is_engine_path(std::string_view engine_path, std::string_view path);

/// The request as handlers get it. HEAD becomes GET, except below `engine_path`.
http_request to_request(beast_request&& request, std::string_view engine_path);

/// Whether the client speaks TLS to a proxy on this machine.
bool is_secure(const http_request& request, const boost::asio::ip::tcp::socket& socket);

/// A short text for a status: `404 Not Found`.
http_response plain_answer(int status);

/// An answer as it goes over the wire.
std::string to_text(const http_response& answer, const answer_terms& terms);

/// A reply that runs `take` on the loop, from whatever thread it is called. When nobody calls it and it is gone, `take`
/// gets a 500.
http_reply make_reply(boost::asio::io_context& context, std::function<void(http_response)> take);

} // namespace stibium::web
