#include "transport/runtime/docker/json.hpp"

#include "actors/error.hpp"

#include <rapidjson/error/en.h>

namespace stibium::docker {

using rapidjson::Value;

caf::expected<rapidjson::Document> parse_json(std::string_view text) {
  rapidjson::Document result;
  result.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (!result.HasParseError()) return result;
  return failure(ec::runtime_failed,
                 std::string{"Docker has sent broken JSON: "} + rapidjson::GetParseError_En(result.GetParseError()));
}

const Value* member(const Value* in, const char* key) {
  if (!in || !in->IsObject()) return nullptr;
  const auto found = in->FindMember(key);
  return found == in->MemberEnd() ? nullptr : &found->value;
}

std::string text_of(const Value* value) {
  if (!value || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

std::string text_at(const Value& in, const char* key) { return text_of(member(&in, key)); }

int64_t number_of(const Value* value) { return value && value->IsInt64() ? value->GetInt64() : 0; }

bool flag_of(const Value* value) { return value && value->IsBool() && value->GetBool(); }

std::map<std::string, std::string> texts_of(const Value* value) {
  std::map<std::string, std::string> result;
  if (!value || !value->IsObject()) return result;
  for (const auto& each : value->GetObject())
    if (each.value.IsString()) result.insert_or_assign(text_of(&each.name), text_of(&each.value));
  return result;
}

} // namespace stibium::docker
