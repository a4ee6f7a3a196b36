#include "deploy/client/commands.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/rest.hpp"
#include "deploy/client/terminal.hpp"

namespace stibium::client {

task<> list_orphans(context with) {
  const auto token = co_await access_token(with.where, with.who);
  const auto found = co_await ask_as(with.where, token, "GET", "/orphans");
  if (with.json) {
    print(to_json(found) + "\n");
    co_return;
  }
  if (!found.IsArray() || found.Empty()) {
    print("There are no orphans: every instance that runs belongs to a lab.\n");
    co_return;
  }
  std::vector<std::vector<std::string>> rows{{"INSTANCE", "NODES"}};
  for (const auto& each : found.GetArray()) {
    const auto* nodes = member(each, "nodes");
    std::string names;
    for (const auto& node : nodes->GetArray()) names += (names.empty() ? "" : " ") + text_of(node, "name");
    rows.push_back({text_of(each, "name"), names});
  }
  print(table(rows));
}

task<> remove_orphan(context with, std::string instance) {
  const auto token = co_await access_token(with.where, with.who);
  co_await ask_as(with.where, token, "DELETE", "/orphans/" + instance);
  if (!with.json) print(instance + " is destroyed\n");
}

} // namespace stibium::client
