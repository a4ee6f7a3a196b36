#include "protocol/engineio/packet.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <iterator>

namespace stibium::engineio {

namespace {

/// Reads an unsigned member when it is there; false when it is something else.
bool read_number(const rapidjson::Value& object, const char* name, uint32_t& into) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd()) return true;
  if (!member->value.IsUint()) return false;
  into = member->value.GetUint();
  return true;
}

} // namespace

std::string encode_open(const handshake& what) {
  return fmt::format(R"(0{{"sid":"{}","upgrades":[{}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}})", what.sid,
                     what.websocket_upgrade ? R"("websocket")" : "", what.ping_interval, what.ping_timeout,
                     what.max_payload);
}

result<handshake> decode_open(std::string_view data) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(data.data(), data.size());
  if (json.HasParseError() || !json.IsObject()) return parse_errc::bad_handshake;
  handshake decoded;
  const auto sid = json.FindMember("sid");
  if (sid == json.MemberEnd() || !sid->value.IsString() || sid->value.GetStringLength() == 0)
    return parse_errc::bad_handshake;
  decoded.sid.assign(sid->value.GetString(), sid->value.GetStringLength());
  if (!read_number(json, "pingInterval", decoded.ping_interval) ||
      !read_number(json, "pingTimeout", decoded.ping_timeout) || !read_number(json, "maxPayload", decoded.max_payload))
    return parse_errc::bad_handshake;
  const auto upgrades = json.FindMember("upgrades");
  if (upgrades == json.MemberEnd()) return decoded;
  if (!upgrades->value.IsArray()) return parse_errc::bad_handshake;
  for (const auto& name : upgrades->value.GetArray())
    decoded.websocket_upgrade |= name.IsString() && name == "websocket";
  return decoded;
}

} // namespace stibium::engineio
