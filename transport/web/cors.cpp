#include "transport/web/cors.hpp"

#include <algorithm>

namespace stibium::web {

http_headers cors_headers(const std::vector<std::string>& allowed, std::string_view origin) {
  if (origin.empty() || allowed.empty()) return {};
  auto listed = [&](std::string_view what) { return std::find(allowed.begin(), allowed.end(), what) != allowed.end(); };
  http_headers headers;
  if (listed(origin)) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
    headers.emplace_back("Vary", "Origin");
  } else if (listed("*")) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
  } else {
    return {{"Vary", "Origin"}};
  }
  headers.emplace_back("Access-Control-Expose-Headers", "X-Total-Count, Retry-After");
  return headers;
}

std::optional<http_response> answer_preflight(const std::vector<std::string>& allowed, const http_request& request) {
  if (request.method != "OPTIONS" || !request.header("Access-Control-Request-Method")) return std::nullopt;
  if (cors_headers(allowed, request.header("Origin").value_or("")).size() < 2) return std::nullopt;
  http_response answer;
  answer.status = 204;
  answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
  if (auto wanted = request.header("Access-Control-Request-Headers"))
    answer.headers.emplace_back("Access-Control-Allow-Headers", *wanted);
  answer.headers.emplace_back("Access-Control-Max-Age", "600");
  return answer;
}

} // namespace stibium::web
