#include "deploy/config_values.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace stibium::deploy {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::hours{24 * 3650};

struct scale {
  std::string_view suffix;
  uint64_t factor;
};

// Splits "25s" into 25 and "s".
std::optional<std::pair<uint64_t, std::string_view>> split_number(std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  text.remove_prefix(digits);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::pair{*number, text};
}

std::optional<uint64_t> multiply(uint64_t number, uint64_t factor) {
  if (factor != 0 && number > UINT64_MAX / factor) return std::nullopt;
  return number * factor;
}

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

} // namespace

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<milliseconds> parse_duration(std::string_view text, milliseconds unit) {
  const auto parts = split_number(text);
  if (!parts) return std::nullopt;
  const auto [number, suffix] = *parts;
  std::optional<uint64_t> result;
  for (const auto& each : {scale{"", static_cast<uint64_t>(unit.count())}, scale{"ms", 1}, scale{"s", 1000},
                           scale{"m", 60000}, scale{"h", 3600000}})
    if (suffix == each.suffix) result = multiply(number, each.factor);
  if (!result || *result > static_cast<uint64_t>(longest.count())) return std::nullopt;
  return milliseconds{*result};
}

std::string to_text(milliseconds span) {
  const auto count = span.count();
  if (count != 0 && count % 3600000 == 0) return std::to_string(count / 3600000) + "h";
  if (count != 0 && count % 60000 == 0) return std::to_string(count / 60000) + "m";
  if (count % 1000 == 0) return std::to_string(count / 1000) + "s";
  return std::to_string(count) + "ms";
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  const auto parts = split_number(text);
  if (!parts) return std::nullopt;
  for (const auto& each :
       {scale{"", 1}, scale{"KiB", 1024}, scale{"MiB", 1024 * 1024}, scale{"GiB", 1024 * 1024 * 1024}})
    if (parts->second == each.suffix) return multiply(parts->first, each.factor);
  return std::nullopt;
}

std::string bytes_text(uint64_t bytes) {
  for (const auto& each : {scale{"GiB", 1024 * 1024 * 1024}, scale{"MiB", 1024 * 1024}, scale{"KiB", 1024}})
    if (bytes != 0 && bytes % each.factor == 0) return std::to_string(bytes / each.factor) + std::string{each.suffix};
  return std::to_string(bytes);
}

std::optional<endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return std::nullopt;
  if (host.find_first_of("[]/ \t") != std::string_view::npos) return std::nullopt;
  return endpoint{host.empty() ? "0.0.0.0" : std::string{host}, static_cast<uint16_t>(*port)};
}

bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const auto host = text.find("://");
  if (host == std::string_view::npos || host == 0 || host + 3 == text.size()) return false;
  return text.find_first_of("/ \t?#*", host + 3) == std::string_view::npos;
}

std::string nearest(std::string_view word, const std::vector<std::string>& among) {
  std::string best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const auto& each : among) {
    const auto far = distance(lower(word), lower(each));
    if (far >= least) continue;
    least = far;
    best = each;
  }
  return best;
}

std::string to_string(const endpoint& where) {
  const bool bracketed = where.host.find(':') != std::string::npos;
  return (bracketed ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

} // namespace stibium::deploy
