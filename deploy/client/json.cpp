#include "deploy/client/json.hpp"

#include "deploy/client/failure.hpp"
#include "protocol/socketio/json.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace stibium::client {

rapidjson::Document parse_json(std::string_view text) {
  rapidjson::Document result;
  result.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (result.HasParseError()) throw failure{"the service sent something that is no JSON; is this a stibium service?"};
  return result;
}

std::string to_json(const rapidjson::Value& value) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer{out};
  value.Accept(writer);
  return {out.GetString(), out.GetSize()};
}

std::string json_text(std::string_view text) {
  const auto valid = socketio::sanitize_utf8(text);
  return to_json(rapidjson::Value{rapidjson::StringRef(valid.data(), valid.size())});
}

std::string object(const std::vector<std::pair<std::string_view, std::string>>& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) out += (out.size() > 1 ? "," : "") + json_text(name) + ":" + value;
  return out + "}";
}

const rapidjson::Value* member(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string text_of(const rapidjson::Value& object, const char* name) {
  const auto* value = member(object, name);
  return value && value->IsString() ? std::string{value->GetString(), value->GetStringLength()} : std::string{};
}

int number_of(const rapidjson::Value& object, const char* name, int otherwise) {
  const auto* value = member(object, name);
  return value && value->IsInt() ? value->GetInt() : otherwise;
}

} // namespace stibium::client
