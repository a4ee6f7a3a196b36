#include "protocol/topology/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stibium::topology {

namespace {

// Shared parts of a file are read once per node that inherits them, but told once.
void add_once(std::vector<problem>& to, const yaml_value& where, std::string message) {
  for (const auto& old : to)
    if (old.line == where.line && old.column == where.column && old.message == message) return;
  add_problem(to, where.line, where.column, std::move(message));
}

// A scalar or null as text.
bool is_text(const yaml_value& value) { return value.is_scalar() || value.is_null(); }

} // namespace

void checker::error(const yaml_value& where, std::string message) { add_once(errors, where, std::move(message)); }

void checker::warning(const yaml_value& where, std::string message) { add_once(warnings, where, std::move(message)); }

void checker::error(std::string message) { add_problem(errors, 0, 0, std::move(message)); }

bool checker::text(const yaml_value& map, std::string_view key, std::string& into) {
  const auto* value = map.find(key);
  if (!value || value->is_null()) return false;
  if (!value->is_scalar()) {
    error(*value, fmt::format("{} must be a text, not {}", key, describe(*value)));
    return false;
  }
  into = value->text;
  return true;
}

bool checker::number(const yaml_value& map, std::string_view key, int least, int most, int& into) {
  const auto* value = map.find(key);
  if (!value || value->is_null()) return false;
  int number = 0;
  if (!read_int(*value, number) || number < least || number > most) {
    error(*value, fmt::format("{} must be a whole number from {} to {}", key, least, most));
    return false;
  }
  into = number;
  return true;
}

bool checker::flag(const yaml_value& map, std::string_view key, bool& into) {
  const auto* value = map.find(key);
  if (!value || value->is_null()) return false;
  if (read_flag(*value, into)) return true;
  error(*value, fmt::format("{} must be true or false", key));
  return false;
}

bool checker::texts(const yaml_value& map, std::string_view key, std::vector<std::string>& into) {
  const auto* value = map.find(key);
  if (!value || value->is_null()) return false;
  if (!value->is_sequence()) {
    error(*value,
          fmt::format("{} must be a list of texts, not {}: begin each entry with \"- \"", key, describe(*value)));
    return false;
  }
  std::vector<std::string> read;
  for (const auto& item : value->items) {
    if (!item.is_scalar()) {
      error(item, fmt::format("an entry of {} must be a text, not {}", key, describe(item)));
      return false;
    }
    read.push_back(item.text);
  }
  into = std::move(read);
  return true;
}

bool checker::text_map(const yaml_value& map, std::string_view key, std::map<std::string, std::string>& into) {
  const auto* value = this->map(map, key);
  if (!value) return false;
  std::map<std::string, std::string> read;
  for (const auto& [name, part] : value->pairs) {
    if (!is_text(part)) {
      error(part, fmt::format("{} in {} must be a text, not {}", name.text, key, describe(part)));
      return false;
    }
    read[name.text] = part.text;
  }
  into = std::move(read);
  return true;
}

const yaml_value* checker::map(const yaml_value& in, std::string_view key) {
  const auto* value = in.find(key);
  if (!value || value->is_null()) return nullptr;
  if (value->is_map()) return value;
  error(*value, fmt::format("{} must be a map, not {}: write its entries as \"key: value\"", key, describe(*value)));
  return nullptr;
}

void checker::unknown_keys(const yaml_value& map, std::span<const std::string_view> known, std::string_view where) {
  for (const auto& [key, value] : map.pairs)
    if (std::find(known.begin(), known.end(), key.text) == known.end())
      warning(key, fmt::format("unknown key \"{}\" in {} is ignored", key.text, where));
}

} // namespace stibium::topology
