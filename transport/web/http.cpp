#include "transport/web/http.hpp"

#include <algorithm>

namespace stibium::web {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text up to the separator away from the front of `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

} // namespace

bool same_header_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

std::optional<std::string_view> http_request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same_header_name(key, name)) return std::string_view{value};
  return std::nullopt;
}

std::optional<std::string_view> http_request::cookie(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (!same_header_name(key, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      auto pair = next_part(rest, ';');
      const auto cookie_name = trim(next_part(pair, '='));
      if (cookie_name != name) continue;
      auto found = trim(pair);
      if (found.size() >= 2 && found.front() == '"' && found.back() == '"') found = found.substr(1, found.size() - 2);
      return found;
    }
  }
  return std::nullopt;
}

std::optional<std::string> http_request::query_value(std::string_view name) const {
  auto all = query_values(name);
  if (all.empty()) return std::nullopt;
  return std::move(all.front());
}

std::vector<std::string> http_request::query_values(std::string_view name) const {
  std::vector<std::string> out;
  std::string_view rest = query;
  while (!rest.empty()) {
    auto pair = next_part(rest, '&');
    if (percent_decode(next_part(pair, '='), true) == name) out.push_back(percent_decode(pair, true));
  }
  return out;
}

} // namespace stibium::web
