#include "protocol/engineio/packet.hpp"

#include "protocol/engineio/base64.hpp"
#include "protocol/engineio/category.hpp"
#include "protocol/engineio/utf8.hpp"

#include <algorithm>

namespace stibium::engineio {

namespace {

bool carries(packet_type type, std::string_view data) {
  switch (type) {
  case packet_type::open:
  case packet_type::message: return true;
  case packet_type::ping:
  case packet_type::pong: return data.empty() || data == probe_data;
  case packet_type::close:
  case packet_type::upgrade:
  case packet_type::noop: break;
  }
  return data.empty();
}

} // namespace

const char* to_string(parse_errc what) {
  switch (what) {
  case parse_errc::empty_packet: return "empty packet";
  case parse_errc::unknown_type: return "unknown packet type";
  case parse_errc::unexpected_data: return "unexpected data in a packet";
  case parse_errc::bad_base64: return "malformed base64";
  case parse_errc::invalid_utf8: return "invalid UTF-8";
  case parse_errc::too_many_packets: return "too many packets in a payload";
  case parse_errc::too_large: return "payload too large";
  case parse_errc::bad_handshake: return "malformed handshake";
  }
  return "unknown error";
}

const boost::system::error_category& parse_category() {
  static const category_of<parse_errc> instance{"engine.io"};
  return instance;
}

boost::system::error_code make_error_code(parse_errc what) { return {static_cast<int>(what), parse_category()}; }

result<packet> decode_text(std::string_view text) {
  if (text.empty()) return parse_errc::empty_packet;
  if (text.front() < '0' || text.front() > '6') return parse_errc::unknown_type;
  const packet decoded{static_cast<packet_type>(text.front() - '0'), false, text.substr(1)};
  if (!carries(decoded.type, decoded.data)) return parse_errc::unexpected_data;
  return decoded;
}

packet decode_binary(std::string_view bytes) { return {packet_type::message, true, bytes}; }

void append_packet(std::string& out, const packet& what) {
  if (!what.binary) out.push_back(static_cast<char>('0' + static_cast<int>(what.type)));
  out.append(what.data);
}

std::string encode(const packet& what) {
  std::string out;
  out.reserve(what.data.size() + 1);
  append_packet(out, what);
  return out;
}

result<payload> decode_payload(std::string_view body, const payload_limits& limits) {
  if (body.size() > limits.max_bytes) return parse_errc::too_large;
  if (!valid_utf8(body)) return parse_errc::invalid_utf8;
  const auto count = static_cast<size_t>(std::count(body.begin(), body.end(), payload_separator)) + 1;
  if (count > limits.max_packets) return parse_errc::too_many_packets;
  payload decoded;
  decoded.packets.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const auto text = body.substr(0, body.find(payload_separator));
    body.remove_prefix(std::min(body.size(), text.size() + 1));
    if (!text.empty() && text.front() == 'b') {
      // Reserved once for the rest of the body, so that views into it stay good.
      if (decoded.bytes.capacity() == 0) decoded.bytes.reserve(base64_decoded_size(text.size() + body.size()));
      const auto begin = decoded.bytes.size();
      if (!append_base64_decoded(decoded.bytes, text.substr(1))) return parse_errc::bad_base64;
      decoded.packets.push_back(decode_binary({decoded.bytes.data() + begin, decoded.bytes.size() - begin}));
      continue;
    }
    const auto next = decode_text(text);
    if (!next) return next.error();
    decoded.packets.push_back(*next);
  }
  return decoded;
}

void append_to_payload(std::string& out, const packet& what) {
  if (!out.empty()) out.push_back(payload_separator);
  if (!what.binary) return append_packet(out, what);
  out.push_back('b');
  append_base64(out, what.data);
}

size_t payload_size(const packet& what) {
  return 2 + (what.binary ? base64_encoded_size(what.data.size()) : what.data.size());
}

} // namespace stibium::engineio
