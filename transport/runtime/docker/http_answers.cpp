#include "actors/error.hpp"
#include "transport/runtime/docker/http_call.hpp"
#include "transport/runtime/docker/json.hpp"

#include <charconv>

// What Docker's answers mean.

namespace stibium::docker {

namespace {

constexpr int wanted_major = 1, wanted_minor = 41;

struct api_version {
  int major = 0, minor = 0;
  auto operator<=>(const api_version&) const = default;
};

api_version read_api(const std::string& text) {
  api_version result;
  const auto* const end = text.data() + text.size();
  const auto [dot, bad] = std::from_chars(text.data(), end, result.major);
  if (bad != std::errc{} || dot == end || *dot != '.') return {};
  if (std::from_chars(dot + 1, end, result.minor).ec != std::errc{}) return {};
  return result;
}

} // namespace

caf::error docker_failure(int status, std::string_view body) {
  const auto parsed = parse_json(body);
  auto text = parsed ? text_of(member(&*parsed, "message")) : std::string{body};
  if (text.empty()) text = "Docker answers with status " + std::to_string(status);
  if (text.size() > max_error_text) text.resize(max_error_text);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  switch (status) {
  case 404: return failure(ec::node_not_found, std::move(text));
  case 409: return failure(ec::node_not_running, std::move(text));
  default: return failure(ec::runtime_failed, std::move(text));
  }
}

caf::expected<std::string> choose_prefix(std::string_view version_json) {
  const auto parsed = parse_json(version_json);
  if (!parsed) return failure(ec::runtime_unavailable, "what answers there is no Docker engine");
  const auto newest = text_of(member(&*parsed, "ApiVersion"));
  const auto oldest = text_of(member(&*parsed, "MinAPIVersion"));
  const api_version wanted{wanted_major, wanted_minor};
  if (newest.empty()) return failure(ec::runtime_unavailable, "what answers there is no Docker engine");
  if (read_api(newest) < wanted)
    return failure(ec::runtime_unavailable,
                   "Docker speaks API " + newest.substr(0, 20) + ", but 1.41 is needed (20.10)");
  const auto chosen = std::max(read_api(oldest), wanted);
  return "/v" + std::to_string(chosen.major) + "." + std::to_string(chosen.minor);
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain)
      result += c;
    else
      (result += '%') += {digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

} // namespace stibium::docker
