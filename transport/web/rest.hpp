#pragma once

#include "actors/house.hpp"
#include "transport/web/http.hpp"

#include <chrono>
#include <string>

namespace stibium::web {

/// What the REST routes start with.
struct rest_options {
  std::string version = "0.1.0";            ///< for `/version`
  bool native_login = true;                 ///< for `/users/login/config`
  std::chrono::seconds answer_deadline{10}; ///< of a question to another actor; past it the answer is 500
};

/// Largest body that a route takes; larger ones are 422.
inline constexpr size_t max_rest_body = 64 * 1024;

/// The handler of all REST routes (REST contract), at the root and under `/api`: login, labs, `/healthz`, `/readyz`,
/// `/version`. Unknown paths are 404, wrong methods 405 with `Allow`. Spawns one actor, which asks the house's
/// accounts, directory and supervisor and lives as long as the handler; every request is answered once, even when it
/// dies.
http_handler make_rest_handler(const house& world, rest_options options);

} // namespace stibium::web
