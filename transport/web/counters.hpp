#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace stibium::web {

/// Why a connection was closed.
enum class close_cause : uint8_t {
  client,          ///< "client close": by an Engine.IO close packet
  transport_close, ///< "transport close": the socket was closed
  transport_error, ///< "transport error": framing was broken, or requests overlapped
  ping_timeout,    ///< "ping timeout"
  parse_error,     ///< "parse error": an Engine.IO or Socket.IO packet was malformed or out of place
  connect_timeout, ///< "connect timeout": no namespace was asked for in time
  slow_client,     ///< "slow client": the send queue was over its hard limit
  session_failed,  ///< "session failed": its session actor died
  server_shutdown, ///< "server shutting down"
  count
};

/// The reason as it is told to session actors and logs.
constexpr std::string_view to_string(close_cause why) {
  switch (why) {
  case close_cause::client: return "client close";
  case close_cause::transport_close: return "transport close";
  case close_cause::transport_error: return "transport error";
  case close_cause::ping_timeout: return "ping timeout";
  case close_cause::parse_error: return "parse error";
  case close_cause::connect_timeout: return "connect timeout";
  case close_cause::slow_client: return "slow client";
  case close_cause::session_failed: return "session failed";
  case close_cause::server_shutdown: return "server shutting down";
  case close_cause::count: break;
  }
  return "unknown";
}

/// What has happened since the start; written by the io threads, read by anyone.
struct counters {
  using value = std::atomic<uint64_t>;

  value sockets_accepted{0};
  value sockets_open{0}; ///< now: HTTP and WebSocket
  value sockets_refused{0};
  value http_requests{0};
  value sessions_opened{0};
  value sessions_open{0};     ///< now
  value websockets_open{0};   ///< now, of sessions
  value upgrades{0};          ///< from polling to WebSocket
  value messages_in{0};       ///< Engine.IO messages from clients
  value frames_out{0};        ///< WebSocket frames queued; as many polling packets
  value bytes_in{0};          ///< of WebSockets
  value bytes_out{0};         ///< of WebSockets
  value flushes{0};           ///< system calls that wrote to WebSockets
  value lines_skipped{0};     ///< stream entries dropped for slow clients
  value bulletins_dropped{0}; ///< events dropped for slow clients
  value congestions{0};       ///< times that a stream's owner was told to pause
  std::array<value, static_cast<size_t>(close_cause::count)> closes{};

  /// Adds without the cost of ordering.
  static void add(value& what, uint64_t n = 1) { what.fetch_add(n, std::memory_order_relaxed); }
  static void drop(value& what, uint64_t n = 1) { what.fetch_sub(n, std::memory_order_relaxed); }
};

} // namespace stibium::web
