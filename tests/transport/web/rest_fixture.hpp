#pragma once

#include "protocol/antimony/token.hpp"
#include "tests/actors/fixture.hpp"
#include "transport/web/rest.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace stibium::test {

/// The REST side above a house with real accounts and orphans, on the test's own clock; the login is root with the
/// password "secret".
struct rest_fixture : actor_fixture {
  rest_fixture();
  ~rest_fixture();

  /// Sends a request, which must be answered once.
  web::http_response send(web::http_request request);
  /// The same with GET, and with `token` where there is one.
  web::http_response get(const std::string& target, const std::string& query = {});
  web::http_response post(const std::string& target, const std::string& body = {});
  /// An access token as the service makes it, for 30 minutes.
  std::string token_of(const std::string& name, std::vector<std::string> groups = {}, bool admin = false);

  std::chrono::seconds shift{0}; ///< between the test's clock and the accounts'
  std::string token;
  web::http_handler handler;
  std::vector<web::http_response> answers;
};

/// A response's header; empty if it is not there.
std::string header(const web::http_response& response, const std::string& name);

/// The code in the body of an error, which must have a message as well.
int code_of(const web::http_response& response);

/// A lab of alice in the collection net1.
lab_view view(const std::string& id, const std::string& name);

} // namespace stibium::test
