#include "deploy/client/rest.hpp"

#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"

namespace stibium::client {

task<rapidjson::Document> ask_as(const service_url& where, const std::string& token, std::string method,
                                 std::string target) {
  http_question question{std::move(method), std::move(target), {{"Authorization", "Bearer " + token}}, {}};
  const auto answer = co_await ask(where, std::move(question));
  if (answer.status == 401 || answer.status == 498)
    throw refused{answer.status,
                  "the token is not accepted (malformed, expired, or of another service); get a new one"};
  rapidjson::Document payload;
  if (answer.status == 200 && answer.body.empty()) co_return payload;
  const auto body = parse_json(answer.body);
  if (answer.status != 200) {
    const auto text = text_of(body, "message");
    const auto code = number_of(body, "code", answer.status);
    throw refused{code, text.empty() ? where.text + " does not know this; is it a stibium service?" : text};
  }
  if (const auto* found = member(body, "payload")) payload.CopyFrom(*found, payload.GetAllocator());
  co_return payload;
}

} // namespace stibium::client
