#include "tests/transport/web/rest_fixture.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::test;
using namespace stibium::web;
using namespace std::chrono_literals;

namespace {

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

} // namespace

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
