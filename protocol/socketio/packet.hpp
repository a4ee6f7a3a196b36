#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

/// \file
/// Socket.IO v5 packets (socket.io-protocol, "Packet encoding"). Pure functions; safe from any thread. What is decoded
/// has no Engine.IO type in front; what is encoded has its '4', ready for a text message.

namespace stibium::socketio {

inline constexpr size_t max_packet_namespace = 512; ///< bytes, its query included
inline constexpr size_t max_ack_digits = 18;        ///< of an ack id: always fits 64 bits
inline constexpr uint32_t max_attachments = 10;     ///< of one packet
inline constexpr size_t max_json_depth = 64;        ///< arrays and objects within each other, the outermost counted

/// Why text is no Socket.IO packet.
enum class parse_errc {
  empty_packet = 1,     ///< not even a type
  unknown_type,         ///< the first character is none of '0' to '6'
  bad_attachment_count, ///< a binary packet without digits and '-' after its type
  too_many_attachments, ///< beyond `max_attachments`
  bad_namespace,        ///< control characters or broken UTF-8
  namespace_too_long,   ///< beyond `max_packet_namespace`
  ack_id_too_long,      ///< beyond `max_ack_digits`
  missing_ack_id,       ///< an ACK without it
  unexpected_payload,   ///< a DISCONNECT with anything after its namespace
  bad_payload,          ///< not the JSON value that the type asks for
  bad_json,             ///< no JSON, or broken UTF-8 in it
  too_deep,             ///< beyond `max_json_depth`
  reserved_event        ///< "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"
};

/// The text for people.
const char* to_string(parse_errc what);
const boost::system::error_category& parse_category();
boost::system::error_code make_error_code(parse_errc what);

template <class T>
using result = boost::system::result<T, parse_errc>;

/// Values are the digits on the wire.
enum class packet_type : uint8_t { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };

/// A packet; its views point into what was decoded.
struct packet {
  packet_type type = packet_type::event;
  std::string_view nsp = "/"; ///< with its leading slash, without a query
  std::optional<uint64_t> id; ///< always there in acks
  uint32_t attachments = 0;   ///< binary messages that follow
  std::string_view json;      ///< checked: an array in events and acks, any value or nothing in CONNECT
  bool operator==(const packet&) const = default;
};

/// Decodes one packet: the data of an Engine.IO text message. CONNECT may hold any JSON value, so that auth that is no
/// object can be refused politely. Numbers beyond a double's range are `bad_json`; placeholders of attachments are not
/// compared with their count.
result<packet> decode(std::string_view text);

/// Appends any packet. The round trip is exact: decoding it gives an equal packet.
void append_packet(std::string& out, const packet& what);

/// Appends `40/nsp,{"sid":"..","pid":".."}`; no pid when that is empty.
void append_connect(std::string& out, std::string_view nsp, std::string_view sid, std::string_view pid = {});
/// Appends `44/nsp,{"message":".."}`, with `"data":DATA` when that JSON text is not empty.
void append_connect_error(std::string& out, std::string_view nsp, std::string_view message, std::string_view data = {});
/// Appends `41/nsp,`.
void append_disconnect(std::string& out, std::string_view nsp);
/// Appends `42/nsp,["name",ARGUMENTS]`. Arguments are JSON texts with commas between them; may be empty.
void append_event(std::string& out, std::string_view nsp, std::string_view name, std::string_view arguments);
/// Appends `43/nsp,12[ARGUMENTS]`.
void append_ack(std::string& out, std::string_view nsp, uint64_t id, std::string_view arguments);

} // namespace stibium::socketio

template <>
struct boost::system::is_error_code_enum<stibium::socketio::parse_errc> : std::true_type {};
