#include "actors/accounts.hpp"
#include "actors/orphans.hpp"
#include "protocol/antimony/token.hpp"
#include "protocol/antimony/uuid.hpp"
#include "tests/actors/fixture.hpp"
#include "transport/web/rest.hpp"
#include "transport/web/rest_json.hpp"

#include <rapidjson/document.h>

using namespace stibium;
using namespace stibium::test;
using namespace stibium::web;
using namespace std::chrono_literals;

namespace {

const std::string key(32, 'k');

struct rest_fixture : actor_fixture {
  rest_fixture() {
    accounts_setup setup;
    setup.store = world.store;
    setup.signing_key = key;
    setup.native_username = "root";
    setup.native_password = "secret";
    setup.now = [this] { return now() + shift; };
    world.accounts = spawn(stibium::accounts, std::move(setup));
    world.orphans = spawn(stibium::orphans, orphans_setup{world});
    handler = make_rest_handler(world, {"1.2.3", true, 10s});
  }
  ~rest_fixture() {
    handler = nullptr;
    run();
  }

  http_response send(http_request request) {
    answers.clear();
    handler(std::move(request), [this](http_response response) { answers.push_back(std::move(response)); });
    run();
    REQUIRE(answers.size() == 1);
    return answers.front();
  }
  http_response get(const std::string& target, const std::string& query = {}) {
    http_request request{"GET", target, query, {}, {}};
    if (!token.empty()) request.headers.emplace_back("Cookie", "accessToken=" + token);
    return send(std::move(request));
  }
  http_response post(const std::string& target, const std::string& body = {}) {
    return send({"POST", target, {}, {}, body});
  }
  std::string token_of(const std::string& name, std::vector<std::string> groups = {}, bool admin = false) {
    const identity who{antimony::user_uuid(name), name, admin, std::move(groups)};
    return antimony::make_access_token(key, who, now() + shift, 30min, true);
  }

  std::chrono::seconds shift{0};
  std::string token;
  http_handler handler;
  std::vector<http_response> answers;
};

std::vector<std::string> cookies(const http_response& response) {
  std::vector<std::string> out;
  for (const auto& [name, value] : response.headers)
    if (name == "Set-Cookie") out.push_back(value);
  return out;
}

std::string value_of(const std::string& cookie) {
  const auto begin = cookie.find('=') + 1;
  return cookie.substr(begin, cookie.find(';') - begin);
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

} // namespace

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

TEST_CASE_FIXTURE(rest_fixture, "rest: a login sets both cookies, a logout clears all three") {
  const auto in = post("/users/login/native", R"({"username":"root","password":"secret"})");
  CHECK(in.status == 200);
  CHECK(in.body.empty());
  const auto set = cookies(in);
  REQUIRE(set.size() == 2);
  CHECK(set[0].find("authToken=") == 0);
  CHECK(set[0].find("; Path=/; SameSite=Lax; HttpOnly; Max-Age=2592000") != std::string::npos);
  CHECK(set[1].find("accessToken=") == 0);
  CHECK(set[1].find("HttpOnly") == std::string::npos);
  CHECK(set[1].find("; Path=/; SameSite=Lax; Max-Age=2592000") != std::string::npos);
  CHECK(set[1].find("Secure") == std::string::npos);
  token = value_of(set[1]);
  CHECK(get("/labs").status == 200);
  const auto out = post("/users/logout");
  CHECK(out.status == 200);
  CHECK(out.body.empty());
  const auto cleared = cookies(out);
  REQUIRE(cleared.size() == 3);
  CHECK(cleared[0] == "authToken=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0");
  CHECK(cleared[1] == "accessToken=; Path=/; SameSite=Lax; Max-Age=0");
  CHECK(cleared[2] == "authOidc=; Path=/; SameSite=Lax; Max-Age=0");
}

TEST_CASE_FIXTURE(rest_fixture, "rest: cookies are marked Secure when served over TLS") {
  http_request request{"POST", "/users/login/native", {}, {}, R"({"username":"root","password":"secret"})"};
  request.secure = true;
  for (const auto& cookie : cookies(send(std::move(request)))) CHECK(cookie.ends_with("; Secure"));
}

TEST_CASE_FIXTURE(rest_fixture, "rest: bad logins") {
  const struct {
    std::string body;
    int status, code;
    std::string says;
  } cases[] = {
      {R"({"username":"root","password":"wrong"})", 400, 1001, "wrong user name or password"},
      {R"({"username":"","password":""})", 400, 1001, "wrong user name or password"},
      {"", 422, 422, "JSON object"},
      {"[]", 422, 422, "JSON object"},
      {"{", 422, 422, "JSON object"},
      {std::string(60000, '['), 422, 422, "JSON object"},
      {"\xff", 422, 422, "JSON object"},
      {"{}", 422, 422, "username must be a string"},
      {R"({"username":"root"})", 422, 422, "password must be a string"},
      {R"({"username":5,"password":"x"})", 422, 422, "username must be a string"},
      {R"({"username":"root","password":null})", 422, 422, "password must be a string"},
      {std::string(max_rest_body + 1, ' '), 422, 422, "too large"},
  };
  for (const auto& [body, status, code, says] : cases) {
    CAPTURE(body.substr(0, 60));
    const auto got = post("/users/login/native", body);
    CHECK(got.status == status);
    CHECK(code_of(got) == code);
    CHECK(got.body.find(says) != std::string::npos);
    CHECK(cookies(got).empty());
  }
}

TEST_CASE_FIXTURE(rest_fixture, "rest: after too many failed logins a client is told to wait") {
  const auto login = [&](const std::string& remote, const std::string& password, http_headers headers = {}) {
    http_request request{"POST", "/users/login/native", {}, std::move(headers), {}};
    request.remote = remote;
    request.body = R"({"username":"root","password":")" + password + "\"}";
    return send(std::move(request));
  };
  for (int i = 0; i < 5; ++i)
    CHECK(login("2001:db8:0:1::" + std::to_string(i + 1), "wrong", {{"X-Forwarded-For", std::to_string(i)}}).status ==
          400);
  // Who has a network of the sixth version has many addresses, and headers say what the client likes.
  const auto held = login("2001:db8:0:1::99", "secret", {{"X-Forwarded-For", "10.9.9.9"}});
  CHECK(held.status == 429);
  CHECK(code_of(held) == 429);
  CHECK(header(held, "Retry-After") == "60");
  CHECK(held.body.find("too many failed logins; try again in 60 seconds") != std::string::npos);
  CHECK(cookies(held).empty());
  CHECK(login("2001:db8:0:2::1", "secret").status == 200);
}

TEST_CASE_FIXTURE(rest_fixture, "rest: a refresh needs the authToken and gives a new accessToken") {
  const auto set = cookies(post("/users/login/native", R"({"username":"root","password":"secret"})"));
  const auto refresh = [&](const std::string& cookie) {
    http_request request{"GET", "/users/login/refresh", {}, {}, {}};
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    return send(std::move(request));
  };
  shift = 1h;
  const auto good = refresh("x=y; authToken=" + value_of(set[0]));
  CHECK(good.status == 200);
  REQUIRE(cookies(good).size() == 1);
  token = value_of(cookies(good)[0]);
  CHECK(good.body == R"({"payload":")" + token + R"("})");
  CHECK(get("/labs").status == 200);
  CHECK(refresh("").status == 401);
  CHECK(code_of(refresh("")) == 401);
  CHECK(refresh("authToken=").status == 401);
  CHECK(refresh("accessToken=" + token).status == 401);
  CHECK(refresh("authToken=nonsense").status == 403);
  CHECK(code_of(refresh("authToken=" + token)) == 403);
  shift = 24h * 31;
  CHECK(refresh("authToken=" + value_of(set[0])).status == 403);
}

TEST_CASE_FIXTURE(rest_fixture, "rest: tokens come by cookie or as bearer; bad ones are 498") {
  const auto bearer = [&](const std::string& value) {
    return send({"GET", "/labs", {}, {{"authorization", value}}, {}}).status;
  };
  const auto alice = token_of("alice", {"net1"});
  CHECK(bearer("Bearer " + alice) == 200);
  CHECK(bearer("bearer " + alice) == 200);
  CHECK(bearer("Basic abc") == 401);
  CHECK(bearer("Bearer ") == 401);
  CHECK(bearer("Bearer x") == 498);
  token = "rubbish";
  CHECK(get("/labs").status == 498);
  CHECK(code_of(get("/labs/x")) == 498);
  token = alice;
  shift = 31min;
  CHECK(code_of(get("/labs")) == 498);
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

TEST_CASE("rest json: an instance with its nodes") {
  auto lab = view("L1", "ping");
  lab.instance = "ping-1714552200250";
  lab.state = lab_state_code::running;
  lab.latest_state_change = time_point{1714552300s};
  lab.start_time = time_point{1714552200s};
  lab.end_time = time_point{1714559999s};
  lab.recovered = true;
  node_info node;
  node.name = "n1";
  node.kind = "linux";
  node.ipv4 = "10.0.0.1";
  node.state = node_state::exited;
  node.container_id = "abc";
  node.container_name = "clab-ping-n1";
  lab.nodes = {node, node};
  const std::string n =
      R"({"name":"n1","kind":"linux","ipv4":"10.0.0.1","ipv6":"","state":"exited","containerId":"abc",)"
      R"("containerName":"clab-ping-n1","containnerName":"clab-ping-n1","interfaceCaptures":{},)"
      R"("canRestart":true})";
  const auto json = lab_json(lab);
  CHECK(json.find(R"("startTime":"2024-05-01T08:30:00.000Z","endTime":"2024-05-01T10:39:59.000Z")") !=
        std::string::npos);
  CHECK(json.find(R"("instanceName":"ping-1714552200250","instance":{"name":"ping-1714552200250",)"
                  R"("deployed":"2024-05-01T08:30:00.250Z","state":1,"latestStateChange":"2024-05-01T08:31:40.000Z",)"
                  R"("nodes":[)" +
                  n + "," + n + R"(],"recovered":true}})") != std::string::npos);
  lab.instance = "odd-99999999999999999";
  CHECK(lab_json(lab).find(R"("deployed":"2024-05-01T08:31:40.000Z")") != std::string::npos);
}

TEST_CASE("rest json: labs are filtered, ordered and paged") {
  std::vector<lab_view> labs{view("1", "Ring"), view("2", "ping"), view("3", "star"), view("4", "Pingpong")};
  labs[1].start_time = time_point{200s};
  labs[1].end_time = time_point{300s};
  labs[2].start_time = time_point{100s};
  labs[2].collection = "net2";
  labs[2].collection_id = "c2";
  labs[2].state = lab_state_code::scheduled;
  labs[3].state = lab_state_code::running;
  const auto ids = [&](const std::string& query) {
    http_request request;
    request.query = query;
    const auto parsed = parse_lab_query(request);
    CHECK(parsed.error == "");
    size_t total = 0;
    std::string out;
    for (const auto& lab : select_labs(labs, parsed, total)) out += lab.id.value;
    return out + "/" + std::to_string(total);
  };
  CHECK(ids("") == "4132/4");
  CHECK(ids("limit=2") == "41/4");
  CHECK(ids("limit=2&offset=3") == "2/4");
  CHECK(ids("offset=9") == "/4");
  CHECK(ids("limit=0") == "/4");
  CHECK(ids("limit=-1&offset=") == "4132/4");
  CHECK(ids("searchQuery=PING") == "42/2");
  CHECK(ids("stateFilter[]=1&stateFilter%5B%5D=-2") == "43/2");
  CHECK(ids("collectionFilter[]=c2") == "3/1");
  CHECK(ids("collectionFilter[]=net2&collectionFilter[]=c1") == "4132/4");
  CHECK(ids("startDate=1970-01-01T00:04:00Z") == "4132/4");
  CHECK(ids("startDate=1970-01-01T00:06:00Z") == "413/3");
  CHECK(ids("endDate=1970-01-01T00:02:00Z") == "413/3");
}

TEST_CASE("rest json: bad parameters are named") {
  for (const auto* query :
       {"limit=x", "limit=-2", "limit=1.5", "limit=99999999999999999999", "offset=-1", "offset=a", "startDate=tomorrow",
        "endDate=1", "stateFilter[]=9", "stateFilter[]=", "stateFilter[]=a"}) {
    CAPTURE(query);
    http_request request;
    request.query = query;
    const std::string name{query, std::string_view{query}.find_first_of("=[")};
    CHECK(parse_lab_query(request).error.find(name) == 0);
  }
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
