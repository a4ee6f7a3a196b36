#include "actors/error.hpp"

#include <caf/atom.hpp>
#include <caf/sec.hpp>

#include <array>

namespace stibium {

std::string to_string(ec what) {
  static constexpr std::array names{"none",
                                    "internal",
                                    "cancelled",
                                    "runtime_failed",
                                    "runtime_unavailable",
                                    "deadline_passed",
                                    "already_deploying",
                                    "being_destroyed",
                                    "node_running",
                                    "lab_not_running",
                                    "node_not_running",
                                    "lab_not_found",
                                    "namespace_not_found",
                                    "node_not_found",
                                    "shell_not_found",
                                    "shell_limit",
                                    "invalid_request",
                                    "no_access",
                                    "invalid_token",
                                    "unauthorized",
                                    "wrong_credentials",
                                    "storage_failed",
                                    "queue_full",
                                    "slow_client",
                                    "shutting_down",
                                    "being_deployed",
                                    "too_many_attempts"};
  const auto index = static_cast<size_t>(what);
  return index < names.size() ? names[index] : "unknown";
}

antimony::error_code to_error_code(const caf::error& err) {
  using code = antimony::error_code;
  if (err.category() != caf::atom("stibium")) return code::generic;
  switch (static_cast<ec>(err.code())) {
  case ec::runtime_failed: return code::containerlab;
  case ec::already_deploying: return code::already_deploying;
  case ec::lab_not_running: return code::lab_not_running;
  case ec::node_not_running: return code::node_not_running;
  case ec::lab_not_found:
  case ec::namespace_not_found: return code::not_found;
  case ec::node_not_found: return code::node_not_found;
  case ec::shell_not_found: return code::shell_not_found;
  case ec::shell_limit: return code::shell_limit;
  case ec::invalid_request: return code::invalid_request;
  case ec::no_access:
  case ec::invalid_token:
  case ec::unauthorized: return code::no_access;
  default: return code::generic;
  }
}

std::string message_of(const caf::error& err) {
  if (!err) return "no error"; // has no context to look into
  if (err == caf::sec::request_timeout) return "no answer in time";
  if (err == caf::sec::request_receiver_down) return "the part of the service that was asked has failed";
  const auto& context = err.context();
  if (!context.empty() && context.match_element<std::string>(0)) {
    if (const auto& text = context.get_as<std::string>(0); !text.empty()) return text;
  }
  return caf::to_string(err);
}

caf::error failure(ec what, std::string text) { return caf::make_error(what, std::move(text)); }

caf::error failure(ec what, std::string text, std::chrono::seconds wait) {
  return caf::make_error(what, std::move(text), static_cast<int64_t>(wait.count()));
}

std::chrono::seconds wait_of(const caf::error& err) {
  if (!err) return {}; // has no context to look into
  const auto& context = err.context();
  return std::chrono::seconds{context.match_elements<std::string, int64_t>() ? context.get_as<int64_t>(1) : 0};
}

} // namespace stibium
