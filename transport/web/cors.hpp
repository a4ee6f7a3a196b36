#pragma once

#include "transport/web/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::web {

/// The headers that let a page of `origin` read an answer; none when the origin is empty or not among the allowed ones.
/// Pages of origins that are listed may send cookies, those that only "*" allows may not.
http_headers cors_headers(const std::vector<std::string>& allowed, std::string_view origin);

/// The answer to a preflight request (Fetch standard, 4.8), or nothing when the request is none or its origin is not
/// allowed: then it is a request like any other.
std::optional<http_response> answer_preflight(const std::vector<std::string>& allowed, const http_request& request);

} // namespace stibium::web
