#include "tests/transport/web/rest_fixture.hpp"
#include "transport/web/rest_json.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::test;
using namespace stibium::web;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(rest_fixture, "rest: what is there without a login, at the root and under /api") {
  for (const std::string prefix : {"", "/api"}) {
    CHECK(get(prefix + "/users/login/config").body ==
          R"({"payload":{"openId":{"enabled":false},"native":{"enabled":true,"allowEmpty":false}}})");
    CHECK(get(prefix + "/healthz").body == R"({"payload":"ok"})");
    CHECK(get(prefix + "/version").body == R"({"payload":{"name":"stibium","version":"1.2.3"}})");
    CHECK(get(prefix + "/readyz").status == 200);
    CHECK(code_of(get(prefix + "/labs")) == 401);
  }
  CHECK(get("/healthz").content_type == "application/json");
  CHECK(header(get("/healthz"), "Cache-Control") == "no-store");
}

TEST_CASE_FIXTURE(rest_fixture, "rest: unknown paths are 404, wrong methods 405 with what is right") {
  for (const auto* path : {"/", "/api", "/lab", "/labs/", "/labs/x/y", "/users", "/users/login", "/api/api/labs",
                           "/apilabs", "/Labs", "/healthz/"}) {
    CAPTURE(path);
    CHECK(get(path).status == 404);
    CHECK(code_of(get(path)) == 404);
  }
  const auto refused = post("/labs");
  CHECK(refused.status == 405);
  CHECK(header(refused, "Allow") == "GET, HEAD");
  CHECK(header(get("/users/login/native"), "Allow") == "POST");
  CHECK(send({"DELETE", "/labs/x", {}, {}, {}}).status == 405);
  const auto head = send({"HEAD", "/healthz", {}, {}, {}});
  CHECK(head.status == 200);
  CHECK(head.body.empty());
}

TEST_CASE_FIXTURE(rest_fixture, "rest: a lab, one that is hidden, one that is not there") {
  directory->views["L1"] = view("L1", "ping");
  directory->views["L2"] = view("L2", "secret");
  directory->hidden.insert("L2");
  token = token_of("alice", {"net1"});
  CHECK(
      get("/labs/L1").body ==
      R"({"payload":{"id":"L1","name":"ping","startTime":"1970-01-01T00:00:00.000Z","endTime":null,"topologyId":"t-L1",)"
      R"("collectionId":"c1","creator":{"id":"u1","name":"alice"},"topologyDefinition":"name: \"ping\"\n"}})");
  CHECK(get("/labs/L2").status == 403);
  CHECK(code_of(get("/labs/L2")) == 403);
  CHECK(get("/labs/L3").status == 404);
  CHECK(code_of(get("/labs/L3")) == -1);
}

TEST_CASE_FIXTURE(rest_fixture, "rest: an admin sees and removes orphans") {
  runtime->instances = {{"lost-1", {}}};
  token = token_of("alice");
  CHECK(get("/orphans").status == 403);
  CHECK(send({"DELETE", "/orphans/lost-1", {}, {{"Cookie", "accessToken=" + token}}, {}}).status == 403);
  token = token_of("root", {}, true);
  CHECK(get("/orphans").body == R"({"payload":[{"name":"lost-1","nodes":[]}]})");
  const auto remove = [this](const std::string& name) {
    return send({"DELETE", "/orphans/" + name, {}, {{"Cookie", "accessToken=" + token}}, {}});
  };
  const auto unknown = remove("lost-2");
  CHECK(unknown.status == 404);
  CHECK(code_of(unknown) == -1);
  CHECK(remove("lost-1").status == 200);
  REQUIRE(commands->commands.size() == 1);
  CHECK(commands->commands[0].instance.name == "lost-1");
}

TEST_CASE_FIXTURE(rest_fixture, "rest: the runtime's health is the service's readiness") {
  commands->health = {false, "no namespaces: \"forbidden\""};
  const auto got = get("/readyz");
  CHECK(got.status == 503);
  CHECK(code_of(got) == 503);
  CHECK(got.body.find(R"(no namespaces: \"forbidden\")") != std::string::npos);
  commands->health = {true, "embedded"};
  CHECK(get("/readyz").body == R"({"payload":{"ready":true,"runtime":"embedded"}})");
}

TEST_CASE_FIXTURE(rest_fixture, "rest: when an actor is gone or silent the answer is an error, once") {
  self->send_exit(world.supervisor, caf::exit_reason::user_shutdown);
  run();
  CHECK(get("/readyz").status == 503);
  const auto silent = spawn([](caf::event_based_actor* me) -> caf::behavior {
    me->set_default_handler(caf::skip);
    return {[](int) {}};
  });
  auto hanging = world;
  hanging.accounts = caf::actor_cast<accounts_actor>(silent);
  handler = make_rest_handler(hanging, {"1", true, 10s});
  int count = 0, status = 0;
  const auto reply = [&](http_response response) { ++count, status = response.status; };
  handler({"GET", "/labs", {}, {}, {}}, reply);
  run();
  CHECK(count == 0);
  advance(11s);
  CHECK(count == 1);
  CHECK(status == 500);
  handler({"GET", "/labs", {}, {}, {}}, reply);
  run();
  handler = nullptr;
  run();
  CHECK(count == 2);
  CHECK(status == 500);
}

TEST_CASE_FIXTURE(rest_fixture, "rest: the list counts all that fits and refuses bad parameters") {
  for (const auto* id : {"1", "2", "3"}) directory->views[id] = view(id, id);
  token = token_of("alice", {"net1"});
  const auto got = get("/labs", "limit=1&offset=1");
  CHECK(header(got, "X-Total-Count") == "3");
  CHECK(got.body == R"({"payload":[)" + lab_json(view("2", "2")) + "]}");
  CHECK(get("/labs", "limit=x").status == 422);
  CHECK(code_of(get("/labs", "limit=x")) == 422);
}
