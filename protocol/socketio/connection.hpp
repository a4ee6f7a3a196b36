#pragma once

#include "protocol/socketio/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::socketio {

/// Bounds of one connection.
struct connection_limits {
  uint32_t max_namespaces = 512;           ///< open and pending together
  uint32_t max_pending = 64;               ///< CONNECTs that the server has not answered
  uint32_t max_closed = 32;                ///< namespaces closed by the server that are remembered
  uint32_t max_attachment_bytes = 1000000; ///< of one packet, all attachments together
  uint32_t connect_timeout = 45000;        ///< milliseconds until the first CONNECT
};

/// Why a connection has to be closed. `to_string` gives the text for the log.
enum class violation : uint8_t {
  none,
  malformed_packet,  ///< see `action::error`
  unexpected_packet, ///< CONNECT_ERROR, which only servers send
  not_connected,     ///< a packet for a namespace that is not open, nor was closed by the server a short while ago
  too_many_namespaces,
  too_many_pending,
  binary_unannounced, ///< a binary message without a packet that announced it
  text_within_binary, ///< a text message while attachments are due
  attachments_too_large,
  connect_timeout ///< no CONNECT in time
};
const char* to_string(violation why);

/// What a message of the client leads to.
enum class deed : uint8_t {
  nothing,
  connect,   ///< asks for `nsp`, auth in `json` (may be empty): to be answered once, with `accept` or `refuse`
  reconnect, ///< has left `nsp` and asks for it again: as `left` followed by `connect`
  event,     ///< `json` is the array, the name first; `id` when an ack is wanted
  ack,       ///< acks the event `id` with the array `json`
  left,      ///< has left `nsp`, which was open or asked for
  violate    ///< the connection is to be closed, see `why`; nothing after it counts
};

/// Views are good until the message that was handed in is gone and the connection gets its next one.
struct action {
  deed what = deed::nothing;
  violation why = violation::none;
  std::optional<parse_errc> error; ///< of `malformed_packet`
  std::string_view nsp;
  std::optional<uint64_t> id;
  std::string_view json;
  std::span<const std::string> attachments;
};

/// The server's side of Socket.IO on one Engine.IO session: which namespaces are open, and putting binary packets
/// together.
///
/// - CONNECT on a namespace that is asked for already: ignored; the one answer serves both. On one that is open:
///   `reconnect`. Clients do both when `connect()` is called twice, or `disconnect()` while they wait.
/// - Whatever comes for a namespace that the server has just closed is ignored: the client could not know.
/// - DISCONNECT while the server has not answered: `left`; the server's answer still comes and is swallowed.
/// - Leaving the last namespace leaves the connection open.
///
/// A message costs no allocation, except binary packets. Not thread-safe. `limits` must outlive the connection.
class connection {
public:
  explicit connection(const connection_limits& limits);
  ~connection();
  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;

  /// A text message of the client (without the Engine.IO type).
  action text(std::string_view message);
  /// A binary message of the client.
  action binary(std::string_view message);
  /// Time passes: `connect_timeout` once no CONNECT has come within that time. `age` is the connection's, in
  /// milliseconds.
  violation tick(uint64_t age) const;
  /// Whether `tick` is still of use.
  bool awaits_connect() const { return !asked_; }

  /// The server accepts a namespace. True: it is open, send CONNECT. False: the client no longer waits, send nothing.
  bool accept(std::string_view nsp);
  /// The server refuses a namespace. True: send CONNECT_ERROR. False: send nothing.
  bool refuse(std::string_view nsp);
  /// The server takes a namespace away. True: it was open, send DISCONNECT. False: send nothing.
  bool close(std::string_view nsp);

  bool is_open(std::string_view nsp) const;
  size_t open_count() const;
  /// The namespaces that are open. The views are good until the next change.
  std::vector<std::string_view> open_namespaces() const;

private:
  enum class state : uint8_t { pending, open, closed, abandoned };
  struct entry {
    std::string nsp;
    state now = state::pending;
    uint16_t owed = 0; // answers of the server that the client no longer waits for
  };
  struct reassembly;

  action dispatch(const packet& what);
  action connect(const packet& what);
  action disconnect(const packet& what);
  action start_binary(std::string_view message, const packet& what);
  action complete_binary();
  entry* find(std::string_view nsp);
  const entry* find(std::string_view nsp) const;
  size_t count(state what) const;
  void forget(entry& which);
  bool answered(entry& which);
  size_t unanswered() const;

  const connection_limits* limits_;
  std::vector<entry> entries_;
  std::unique_ptr<reassembly> binary_;
  bool asked_ = false;
};

} // namespace stibium::socketio
