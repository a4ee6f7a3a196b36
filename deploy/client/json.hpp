#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stibium::client {

/// Parses what the service sent. Throws `failure` when it is no JSON.
rapidjson::Document parse_json(std::string_view text);

/// The value as JSON text, on one line.
std::string to_json(const rapidjson::Value& value);

/// A JSON string literal; bytes that are not UTF-8 become U+FFFD.
std::string json_text(std::string_view text);

/// An object of strings and numbers, in order. Each second is JSON text already.
std::string object(const std::vector<std::pair<std::string_view, std::string>>& members);

/// A member of an object, or null when there is none.
const rapidjson::Value* member(const rapidjson::Value& object, const char* name);

/// A member that is text; empty when it is missing or of another type.
std::string text_of(const rapidjson::Value& object, const char* name);

/// A member that is a number, or `otherwise`.
int number_of(const rapidjson::Value& object, const char* name, int otherwise);

} // namespace stibium::client
