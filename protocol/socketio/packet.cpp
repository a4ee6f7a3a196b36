#include "protocol/socketio/packet.hpp"

#include "protocol/engineio/category.hpp"
#include "protocol/engineio/utf8.hpp"
#include "protocol/socketio/json.hpp"
#include "protocol/socketio/payload.hpp"

#include <algorithm>

namespace stibium::socketio {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `rest`.
std::string_view take_digits(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const auto digits = rest.substr(0, static_cast<size_t>(end - rest.begin()));
  rest.remove_prefix(digits.size());
  return digits;
}

uint64_t number(std::string_view digits) {
  uint64_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<uint64_t>(digit - '0');
  return value;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_binary(packet_type type) { return type == packet_type::binary_event || type == packet_type::binary_ack; }
bool is_ack(packet_type type) { return type == packet_type::ack || type == packet_type::binary_ack; }
bool is_event(packet_type type) { return type == packet_type::event || type == packet_type::binary_event; }

result<uint32_t> take_attachments(std::string_view& rest) {
  const auto digits = take_digits(rest);
  if (digits.empty() || rest.empty() || rest.front() != '-') return parse_errc::bad_attachment_count;
  rest.remove_prefix(1);
  if (digits.size() > max_ack_digits || number(digits) > max_attachments) return parse_errc::too_many_attachments;
  return static_cast<uint32_t>(number(digits));
}

result<std::string_view> take_namespace(std::string_view& rest) {
  if (rest.empty() || rest.front() != '/') return std::string_view{"/"};
  const auto written = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(rest.size(), written.size() + 1));
  if (written.size() > max_packet_namespace) return parse_errc::namespace_too_long;
  if (std::any_of(written.begin(), written.end(), is_control) || !engineio::valid_utf8(written))
    return parse_errc::bad_namespace;
  return written.substr(0, written.find('?'));
}

/// What has to stand where the payload stands, by type.
std::optional<parse_errc> check(const packet& what) {
  switch (what.type) {
  case packet_type::disconnect:
    if (!what.json.empty()) return parse_errc::unexpected_payload;
    return std::nullopt;
  case packet_type::connect:
    if (what.json.empty()) return std::nullopt;
    return check_payload(what.json, payload_shape::anything);
  case packet_type::connect_error: return check_payload(what.json, payload_shape::anything);
  case packet_type::event:
  case packet_type::binary_event: return check_payload(what.json, payload_shape::event);
  case packet_type::ack:
  case packet_type::binary_ack: break;
  }
  return check_payload(what.json, payload_shape::array);
}

/// Type and namespace as they stand in front of the rest.
void append_head(std::string& out, packet_type type, std::string_view nsp) {
  out.push_back('4');
  out.push_back(static_cast<char>('0' + static_cast<int>(type)));
  if (nsp == "/") return;
  out.append(nsp);
  out.push_back(',');
}

} // namespace

const char* to_string(parse_errc what) {
  switch (what) {
  case parse_errc::empty_packet: return "empty packet";
  case parse_errc::unknown_type: return "unknown packet type";
  case parse_errc::bad_attachment_count: return "malformed count of attachments";
  case parse_errc::too_many_attachments: return "too many attachments";
  case parse_errc::bad_namespace: return "malformed namespace";
  case parse_errc::namespace_too_long: return "namespace too long";
  case parse_errc::ack_id_too_long: return "ack id too long";
  case parse_errc::missing_ack_id: return "ack without an id";
  case parse_errc::unexpected_payload: return "payload in a packet that has none";
  case parse_errc::bad_payload: return "payload of the wrong shape";
  case parse_errc::bad_json: return "malformed JSON";
  case parse_errc::too_deep: return "JSON nested too deeply";
  case parse_errc::reserved_event: return "reserved event name";
  }
  return "unknown error";
}

const boost::system::error_category& parse_category() {
  static const engineio::category_of<parse_errc> instance{"socket.io"};
  return instance;
}

boost::system::error_code make_error_code(parse_errc what) { return {static_cast<int>(what), parse_category()}; }

result<packet> decode(std::string_view text) {
  if (text.empty()) return parse_errc::empty_packet;
  if (text.front() < '0' || text.front() > '6') return parse_errc::unknown_type;
  packet decoded;
  decoded.type = static_cast<packet_type>(text.front() - '0');
  text.remove_prefix(1);
  if (is_binary(decoded.type)) {
    const auto attachments = take_attachments(text);
    if (!attachments) return attachments.error();
    decoded.attachments = *attachments;
  }
  const auto nsp = take_namespace(text);
  if (!nsp) return nsp.error();
  decoded.nsp = *nsp;
  if (is_event(decoded.type) || is_ack(decoded.type)) {
    const auto digits = take_digits(text);
    if (digits.size() > max_ack_digits) return parse_errc::ack_id_too_long;
    if (digits.empty() && is_ack(decoded.type)) return parse_errc::missing_ack_id;
    if (!digits.empty()) decoded.id = number(digits);
  }
  decoded.json = text;
  if (const auto wrong = check(decoded)) return *wrong;
  return decoded;
}

void append_packet(std::string& out, const packet& what) {
  out.push_back('4');
  out.push_back(static_cast<char>('0' + static_cast<int>(what.type)));
  if (is_binary(what.type)) out.append(std::to_string(what.attachments)).push_back('-');
  if (what.nsp != "/") out.append(what.nsp).push_back(',');
  if (what.id) out.append(std::to_string(*what.id));
  out.append(what.json);
}

void append_connect(std::string& out, std::string_view nsp, std::string_view sid, std::string_view pid) {
  append_head(out, packet_type::connect, nsp);
  out.append(R"({"sid":)");
  append_json_string(out, sid);
  if (!pid.empty()) {
    out.append(R"(,"pid":)");
    append_json_string(out, pid);
  }
  out.push_back('}');
}

void append_connect_error(std::string& out, std::string_view nsp, std::string_view message, std::string_view data) {
  append_head(out, packet_type::connect_error, nsp);
  out.append(R"({"message":)");
  append_json_string(out, message);
  if (!data.empty()) out.append(R"(,"data":)").append(data);
  out.push_back('}');
}

void append_disconnect(std::string& out, std::string_view nsp) { append_head(out, packet_type::disconnect, nsp); }

void append_event(std::string& out, std::string_view nsp, std::string_view name, std::string_view arguments) {
  append_head(out, packet_type::event, nsp);
  out.push_back('[');
  append_json_string(out, name);
  if (!arguments.empty()) out.append(1, ',').append(arguments);
  out.push_back(']');
}

void append_ack(std::string& out, std::string_view nsp, uint64_t id, std::string_view arguments) {
  append_head(out, packet_type::ack, nsp);
  out.append(std::to_string(id)).append(1, '[').append(arguments).push_back(']');
}

} // namespace stibium::socketio
