#pragma once

#include "deploy/client/http.hpp"

#include <rapidjson/document.h>

#include <string>

namespace stibium::client {

/// Asks a REST route as the one whose token it is. \return the answer's payload; null when it has none. Throws
/// `refused` when the service refuses, `failure` when there is none.
task<rapidjson::Document> ask_as(const service_url& where, const std::string& token, std::string method,
                                 std::string target);

} // namespace stibium::client
