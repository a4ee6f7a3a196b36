#pragma once

#include <caf/expected.hpp>
#include <rapidjson/document.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// \file
/// Reading the JSON of Docker and containerlab. What is missing or of another type is empty, 0 or false: engines differ
/// in what they send.

namespace stibium::docker {

/// Parses a text of any depth without using more stack. Error: `runtime_failed`.
caf::expected<rapidjson::Document> parse_json(std::string_view text);

/// A member of an object; null when there is none, or when `in` is no object.
const rapidjson::Value* member(const rapidjson::Value* in, const char* key);

std::string text_of(const rapidjson::Value* value);
/// The text of a member.
std::string text_at(const rapidjson::Value& in, const char* key);
int64_t number_of(const rapidjson::Value* value);
bool flag_of(const rapidjson::Value* value);
/// The members of an object that are strings.
std::map<std::string, std::string> texts_of(const rapidjson::Value* value);

} // namespace stibium::docker
