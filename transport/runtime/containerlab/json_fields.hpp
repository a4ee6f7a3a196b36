#pragma once

#include <rapidjson/document.h>

#include <string>

/// \file
/// Reading fields of JSON objects that may be absent or of another type.

namespace stibium::containerlab {

/// The text under a key; empty when it is not there or no text.
inline std::string text_at(const rapidjson::Value& from, const char* key) {
  const auto at = from.FindMember(key);
  if (at == from.MemberEnd() || !at->value.IsString()) return {};
  return {at->value.GetString(), at->value.GetStringLength()};
}

} // namespace stibium::containerlab
