#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// \file
/// Engine.IO v4 packets (engine.io-protocol, "Packet encoding"). Pure functions; safe from any thread.

namespace stibium::engineio {

/// Why bytes are no Engine.IO packet, payload or handshake.
enum class parse_errc {
  empty_packet = 1, ///< not even a type
  unknown_type,     ///< the first character is none of '0' to '6'
  unexpected_data,  ///< data in a packet that carries none, or a heartbeat with other data than "probe"
  bad_base64,       ///< a "b" packet of a payload is not padded base64
  invalid_utf8,     ///< text of a payload
  too_many_packets, ///< in one payload
  too_large,        ///< a payload beyond maxPayload
  bad_handshake     ///< the data of an open packet is not the JSON object that it should be
};

/// The text for people.
const char* to_string(parse_errc what);
const boost::system::error_category& parse_category();
boost::system::error_code make_error_code(parse_errc what);

template <class T>
using result = boost::system::result<T, parse_errc>;

/// Values are the digits on the wire.
enum class packet_type : uint8_t { open, close, ping, pong, message, upgrade, noop };

/// A packet; `data` points into what was decoded.
struct packet {
  packet_type type = packet_type::noop;
  bool binary = false; ///< only messages can be
  std::string_view data;
  bool operator==(const packet&) const = default;
};

/// The data of a probe, and of its answer.
inline constexpr std::string_view probe_data = "probe";
/// Between the packets of a polling payload.
inline constexpr char payload_separator = '\x1e';

/// Decodes a text packet. UTF-8 is not checked: the WebSocket layer has done that.
result<packet> decode_text(std::string_view text);
/// A binary WebSocket message is a binary message packet as it stands.
packet decode_binary(std::string_view bytes);

/// Appends a packet as it goes into a WebSocket message: text with its type, binary bare.
void append_packet(std::string& out, const packet& what);
std::string encode(const packet& what);

/// Bounds of one polling payload (a POST's body).
struct payload_limits {
  size_t max_packets = 1024;
  size_t max_bytes = 1000000; ///< maxPayload
};

/// A decoded payload. Text packets point into the body, binary packets into `bytes`; may be moved.
struct payload {
  std::vector<packet> packets; ///< at least one
  std::vector<char> bytes;
};

/// Decodes a polling payload as a whole: all of it is good, or none of it counts.
result<payload> decode_payload(std::string_view body, const payload_limits& limits);
/// Adds a packet to a payload under construction: the separator unless `out` is empty, binary as "b" and base64.
void append_to_payload(std::string& out, const packet& what);
/// The bytes that `append_to_payload` adds at most, separator included.
size_t payload_size(const packet& what);

/// What the server tells in its open packet. Times in milliseconds.
struct handshake {
  std::string sid;                ///< without characters that JSON escapes
  bool websocket_upgrade = false; ///< "upgrades": ["websocket"], otherwise []
  uint32_t ping_interval = 25000, ping_timeout = 20000;
  uint32_t max_payload = 1000000; ///< bytes
  bool operator==(const handshake&) const = default;
};

/// The open packet, '0' included.
std::string encode_open(const handshake& what);
/// Reads the data of an open packet (for clients). Unknown members are skipped, missing ones keep their defaults, but
/// `sid` must be there.
result<handshake> decode_open(std::string_view data);

} // namespace stibium::engineio

template <>
struct boost::system::is_error_code_enum<stibium::engineio::parse_errc> : std::true_type {};
