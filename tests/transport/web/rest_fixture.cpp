#include "tests/transport/web/rest_fixture.hpp"

#include "actors/accounts.hpp"
#include "actors/orphans.hpp"
#include "protocol/antimony/uuid.hpp"

#include <rapidjson/document.h>

namespace stibium::test {

namespace {

using namespace std::chrono_literals;
using web::http_request;
using web::http_response;

const std::string key(32, 'k');

} // namespace

rest_fixture::rest_fixture() {
  accounts_setup setup;
  setup.store = world.store;
  setup.signing_key = key;
  setup.native_username = "root";
  setup.native_password = "secret";
  setup.now = [this] { return now() + shift; };
  world.accounts = spawn(stibium::accounts, std::move(setup));
  world.orphans = spawn(stibium::orphans, orphans_setup{world});
  handler = web::make_rest_handler(world, {"1.2.3", true, 10s});
}

rest_fixture::~rest_fixture() {
  handler = nullptr;
  run();
}

http_response rest_fixture::send(http_request request) {
  answers.clear();
  handler(std::move(request), [this](http_response response) { answers.push_back(std::move(response)); });
  run();
  REQUIRE(answers.size() == 1);
  return answers.front();
}

http_response rest_fixture::get(const std::string& target, const std::string& query) {
  http_request request{"GET", target, query, {}, {}};
  if (!token.empty()) request.headers.emplace_back("Cookie", "accessToken=" + token);
  return send(std::move(request));
}

http_response rest_fixture::post(const std::string& target, const std::string& body) {
  return send({"POST", target, {}, {}, body});
}

std::string rest_fixture::token_of(const std::string& name, std::vector<std::string> groups, bool admin) {
  const antimony::identity who{antimony::user_uuid(name), name, admin, std::move(groups)};
  return antimony::make_access_token(key, who, now() + shift, 30min, true);
}

std::string header(const http_response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

int code_of(const http_response& response) {
  rapidjson::Document body;
  body.Parse(response.body.data(), response.body.size());
  REQUIRE(body.IsObject());
  REQUIRE(body.HasMember("message"));
  CHECK(body["message"].GetStringLength() > 0);
  return body["code"].GetInt();
}

lab_view view(const std::string& id, const std::string& name) {
  lab_view out;
  out.id = {id};
  out.name = name;
  out.collection = "net1";
  out.collection_id = "c1";
  out.topology_id = "t-" + id;
  out.topology = "name: \"" + name + "\"\n";
  out.creator_id = "u1";
  out.creator_name = "alice";
  return out;
}

} // namespace stibium::test
