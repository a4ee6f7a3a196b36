#include "protocol/antimony/connect_auth.hpp"

#include <rapidjson/document.h>

#include <charconv>

namespace stibium::antimony {

namespace {

std::string_view text_of(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

} // namespace

connect_auth parse_connect_auth(std::string_view json) {
  connect_auth result;
  rapidjson::Document doc;
  doc.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  if (doc.HasParseError() || !doc.IsObject()) return result;
  const auto token = doc.FindMember("token");
  if (token != doc.MemberEnd() && !token->value.IsNull()) {
    const auto text = text_of(doc, "token");
    result.malformed = !token->value.IsString() || text.size() > max_token_bytes;
    if (!result.malformed && !text.empty()) result.token = text;
  }
  const auto pid = text_of(doc, "pid");
  const auto offset = number_of(text_of(doc, "offset"));
  if (!pid.empty() && pid.size() <= max_pid_bytes && offset) {
    result.pid = pid;
    result.resume_after = offset;
  }
  return result;
}

} // namespace stibium::antimony
