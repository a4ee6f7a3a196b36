#pragma once

#include <stdexcept>
#include <string>

namespace stibium::client {

/// How the client ends (README, "Exit codes").
enum exit_code : int { ended_well = 0, went_wrong = 1, wrong_usage = 2 };

/// Ends the client: what went wrong and what to do about it, for people. Thrown anywhere, printed once by `main`.
struct failure : std::runtime_error {
  explicit failure(const std::string& text, int code = went_wrong)
      : std::runtime_error{text}
      , exit{code} {}
  int exit;
};

/// There is no service, or the connection to it is lost: it may be worth trying again.
struct unreachable : failure {
  using failure::failure;
};

/// The service's answer was an error: the code and message of an ack or a refusal.
struct refused : failure {
  refused(int error_code, const std::string& message, std::string refusal_title = {})
      : failure{message}
      , code{error_code}
      , title{std::move(refusal_title)} {}
  int code;          ///< 5000 to 5422, or an HTTP status
  std::string title; ///< of a refused namespace: "Invalid Token", ...; else empty
};

} // namespace stibium::client
