#pragma once

#include "actors/messages/names.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What gateways tell client sessions, and what they are told.

namespace stibium {

/// A client asks for a namespace (Socket.IO CONNECT). Answered to the gateway with `open_namespace`,
/// `join_stream` or `refuse_namespace`.
struct client_connect {
  std::string nsp;  ///< with its leading slash, without a query
  std::string auth; ///< the payload as JSON text; empty when there was none
};

/// A client emits an event on a namespace that is open.
struct client_event {
  std::string nsp;
  std::optional<uint64_t> ack; ///< present when the client wants an ack
  std::string json;            ///< the JSON array: event name, then arguments; its syntax is checked already
  std::vector<std::string> attachments = {}; ///< what the array's placeholders stand for; usually none
};

/// A client has left a namespace (Socket.IO DISCONNECT), or has lost it because its stream has ended. Nothing is
/// answered.
struct client_disconnect {
  std::string nsp;
};

/// The connection is gone; the session ends itself.
struct connection_lost {
  std::string reason; ///< for the log: "transport close", "ping timeout", "slow client", ...
};

// -- session and others -> gateway ------------------------------------------------------------------------------------

/// Refuses a namespace: CONNECT_ERROR `{"message": title, "data": {"code": code, "message": detail}}`, without `data`
/// when the code is 0.
struct refuse_namespace {
  connection_id connection;
  std::string nsp, title;
  int code = 0;
  std::string detail;
};

/// Emits `[event, argument(, offset)]` on one namespace of each connection named; those that have it not open are
/// skipped. A client that reads too slowly loses the oldest of these.
struct emit_event {
  std::vector<connection_id> to;
  std::string nsp, event;
  std::string json;   ///< the argument as JSON text; several have commas between them
  std::string offset; ///< for connection state recovery; goes only to clients that take part in it; may be empty
  std::vector<std::string> attachments = {}; ///< what placeholders in the argument stand for; usually none
};

/// Acks an event of a client: exactly one per `client_event` with an ack id.
struct reply {
  connection_id connection;
  std::string nsp;
  uint64_t ack = 0;
  std::string json;                          ///< the argument as JSON text; several have commas between them
  std::vector<std::string> attachments = {}; ///< what placeholders in the argument stand for; usually none
};

/// Takes a namespace away from a client (Socket.IO DISCONNECT).
struct end_namespace {
  connection_id connection;
  std::string nsp;
};

/// One element of a stream, encoded once for all who get it.
struct stream_entry {
  uint64_t seq = 0; ///< grows by one per entry of the stream
  std::string json; ///< a JSON string literal, quotes included, ready for the wire
};
using stream_entries = std::vector<stream_entry>;

/// What a subscriber has missed: everything in the stream up to `last_seq`.
struct stream_snapshot {
  stream_entries entries;
  uint64_t last_seq = 0;
};

/// What a full queue of a slow client means for a stream.
enum class overflow : uint8_t {
  skip, ///< entries are dropped for that client and one line says how many (logs)
  pause ///< the stream's owner gets `congested` and stops its source until `drained` (shells)
};

/// Goes to every gateway that has subscribers of the stream.
struct stream_data {
  stream_id stream;
  std::shared_ptr<const stream_entries> entries;
};

/// The stream is over: its subscribers lose the namespace.
struct end_stream {
  stream_id stream;
};

/// The connection no longer subscribes (it left the namespace).
struct leave_stream {
  stream_id stream;
  connection_id connection;
  std::string nsp;
};

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::client_connect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::client_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::client_disconnect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::connection_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::refuse_namespace)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::emit_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::end_namespace)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_data)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::end_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::leave_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::overflow)
