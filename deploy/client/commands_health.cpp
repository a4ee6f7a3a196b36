#include "deploy/client/commands.hpp"
#include "deploy/client/failure.hpp"
#include "deploy/client/http.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/terminal.hpp"

namespace stibium::client {

namespace {

// What the service says of itself: the reason when it is not ready, else its runtime.
std::string words_of(const http_answer& answer) {
  const auto json = parse_json(answer.body);
  if (answer.status != 200) return text_of(json, "message");
  const auto* payload = member(json, "payload");
  return payload && payload->IsObject() ? text_of(*payload, "runtime") : std::string{};
}

} // namespace

task<> show_health(context with, bool alive) {
  http_question question{"GET", alive ? "/healthz" : "/readyz", {}, {}};
  const auto answer = co_await ask(with.where, std::move(question));
  const auto words = words_of(answer);
  if (answer.status != 200) throw refused{answer.status, "not ready: " + words};
  const std::string state = alive ? "alive" : "ready";
  if (with.json)
    print(object({{"state", json_text(state)}, {"runtime", json_text(words)}}) + "\n");
  else
    print(state + (words.empty() ? "" : ": " + words) + "\n");
}

} // namespace stibium::client
