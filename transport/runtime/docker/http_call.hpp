#pragma once

#include "transport/runtime/docker/endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// \file
/// One HTTP request to Docker and its answer, without blocking: what the engine's calls, logs, events and terminals are
/// made of. Beast stays behind it.

namespace stibium::docker {

inline constexpr size_t max_head = 64 * 1024;          ///< bytes of an answer's head
inline constexpr size_t max_error_body = 64 * 1024;    ///< read of the body of an error
inline constexpr size_t max_error_text = 4 * 1024;     ///< kept of Docker's words
inline constexpr size_t max_version_body = 256 * 1024; ///< of `/version`
inline constexpr size_t read_chunk = 32 * 1024;        ///< bytes of a body that are read at once

/// What to ask.
struct http_request {
  std::string method = "GET";
  std::string path;    ///< below the API's prefix, with its query
  std::string body;    ///< JSON; may be empty
  bool hijack = false; ///< the connection becomes a raw stream in both directions
};

/// A connection that is no longer HTTP.
struct raw_stream {
  int fd = -1;       ///< non-blocking; the receiver closes it
  std::string first; ///< what has been read already
};

/// A call. All functions, and all callbacks, on the context's thread (or wherever the context is run). One operation at
/// a time. The call keeps itself alive while one is under way.
class http_call {
public:
  /// No error, or why not: `runtime_unavailable` (connection), or what Docker says (see `docker_failure`).
  using opened = std::function<void(const caf::error&)>;
  /// A piece of the body; an empty one is its end. The text lives during the callback only.
  using received = std::function<void(const caf::error&, std::string_view)>;
  using collected = std::function<void(caf::expected<std::string>)>;

  virtual ~http_call() = default;
  /// Connects, asks for the version when the prefix is not known, sends the request and reads the head of the answer.
  virtual void open(http_request what, opened then) = 0;
  /// Reads on, after `open`.
  virtual void read(received then) = 0;
  /// Reads all that is left; more than `limit` bytes are `runtime_failed`.
  virtual void read_all(size_t limit, collected then) = 0;
  /// Gives up. No callback is called any more.
  virtual void close() = 0;
  /// The stream of a hijacked call; the call is over then.
  virtual raw_stream take() = 0;
  /// The API's prefix, "/v1.41"; empty before it is known.
  virtual const std::string& prefix() const = 0;
};

/// A call that has not begun. `prefix` may be empty.
std::shared_ptr<http_call> make_http_call(boost::asio::io_context& context, endpoint where, std::string prefix = {});

/// What an answer with a status of 400 and more means: 404 is `node_not_found`, 409 `node_not_running`, others
/// `runtime_failed`; with the message in the body.
caf::error docker_failure(int status, std::string_view body);

/// The prefix to use with an engine that answers this to `/version`: 1.41, or the oldest that the engine speaks when
/// that is newer. Error: `runtime_unavailable` for an engine that is too old, or none.
caf::expected<std::string> choose_prefix(std::string_view version_json);

/// `text` for a path or a query: all but letters, digits, "-", ".", "_" and "~" as %XX.
std::string percent_encode(std::string_view text);

} // namespace stibium::docker
