#pragma once

#include "protocol/antimony/error_code.hpp"

#include <caf/error.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace stibium {

/// Why an actor could not do what it was asked. Travels in `caf::error`, whose context holds one text for people.
enum class ec : uint8_t {
  none, ///< CAF reads 0 as "no error"
  internal,
  cancelled,
  runtime_failed,
  runtime_unavailable,
  deadline_passed,
  already_deploying,
  being_destroyed,
  node_running,
  lab_not_running,
  node_not_running,
  lab_not_found,
  namespace_not_found,
  node_not_found,
  shell_not_found,
  shell_limit,
  invalid_request,
  no_access,
  invalid_token,
  unauthorized,
  wrong_credentials,
  storage_failed,
  queue_full,
  slow_client,
  shutting_down,
  being_deployed,
  too_many_attempts
};

/// The name of the value, as in the source.
std::string to_string(ec what);

/// What clients see for an error of any category; categories that are not ours are `generic`.
antimony::error_code to_error_code(const caf::error& err);

/// The text for people in an error; never empty.
std::string message_of(const caf::error& err);

/// An error of ours with its text.
caf::error failure(ec what, std::string text);

/// An error that is over after a while.
caf::error failure(ec what, std::string text, std::chrono::seconds wait);

/// After how long it is worth trying again; 0 when the error does not say.
std::chrono::seconds wait_of(const caf::error& err);

} // namespace stibium

CAF_ERROR_CODE_ENUM(stibium::ec, "stibium")
