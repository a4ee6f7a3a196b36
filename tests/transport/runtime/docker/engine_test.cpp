#include "actors/error.hpp"
#include "tests/transport/runtime/docker/fake_engine.hpp"
#include "transport/runtime/docker/engine.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace stibium;
using namespace stibium::docker;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

// An engine whose every call but `/version` gets these bytes, in steps; the connection is closed behind them.
struct answering {
  explicit answering(std::string bytes, size_t step = SIZE_MAX)
      : server{[=](server_connection& to, const server_request&) {
        for (size_t at = 0; at < bytes.size(); at += step) {
          if (!to.send(std::string_view{bytes}.substr(at, step))) break;
          if (bytes.size() - at <= step) break;
        }
        return false;
      }} {}
  fake_engine server;
  engine docker{server.where(), 20s};
};

size_t count(const std::vector<std::string>& lines, const std::string& line) {
  return static_cast<size_t>(std::ranges::count(lines, line));
}

} // namespace

TEST_CASE("docker engine: nobody there is runtime_unavailable, with the place") {
  engine none{endpoint{"/tmp/stibium-no-such-socket", {}, 0}};
  CHECK(none.version().error() == ec::runtime_unavailable);
  CHECK(message_of(none.start("a")).find("/tmp/stibium-no-such-socket") != std::string::npos);
  engine refused{endpoint{{}, "127.0.0.1", 1}};
  CHECK(refused.list().error() == ec::runtime_unavailable);
}

TEST_CASE("docker engine: asks for the version once, and again after it was away") {
  bool gone = false;
  fake_engine server{[&](server_connection& to, const server_request& request) {
    if (gone) return false;
    CHECK(request.head.find("Host: ") != std::string::npos);
    return to.send(http_answer(200, "[]"));
  }};
  engine docker{server.where()};
  const auto copy = docker;
  for (int i = 0; i < 3; ++i) CHECK(docker.list());
  CHECK(count(server.lines(), "GET /version") == 1);
  gone = true;
  CHECK(docker.list().error() == ec::runtime_unavailable);
  gone = false;
  CHECK(docker.list());
  CHECK(count(server.lines(), "GET /version") == 2);
  CHECK(server.lines()[1] == "GET /v1.41/containers/json?all=true&filters=%7B%7D");
  CHECK(*engine{copy}.api_prefix() == "/v1.41");
  CHECK(count(server.lines(), "GET /version") == 2); // copies share it
}

TEST_CASE("docker engine: one that is too old, or none at all, is unavailable") {
  const auto nothing = [](server_connection&, const server_request&) { return false; };
  fake_engine old{nothing, R"({"ApiVersion":"1.39"})"};
  CHECK(engine{old.where()}.list().error() == ec::runtime_unavailable);
  fake_engine web{nothing, "<html>"};
  CHECK(engine{web.where()}.version().error() == ec::runtime_unavailable);
  fake_engine huge{nothing, std::string(1'000'000, ' ')};
  CHECK_FALSE(engine{huge.where()}.version());
}

TEST_CASE("docker engine: a chunked answer, in pieces of one byte") {
  const std::string list = R"([{"Id":"ab","Names":["/n"],"State":"running"}])";
  answering docker{chunked_head + chunk(list.substr(0, 10)) + chunk(list.substr(10)) + chunk({}), 1};
  const auto got = docker.docker.list();
  REQUIRE_MESSAGE(got, message_of(got.error()));
  CHECK(got->at(0).name == "n");
}

TEST_CASE("docker engine: broken answers are errors") {
  CHECK(answering{http_answer(200, "[{]")}.docker.list().error() == ec::runtime_failed);
  CHECK(answering{"no http\r\n\r\n"}.docker.list().error() == ec::runtime_unavailable);
  CHECK(answering{std::string{chunked_head} + chunk("[")}.docker.list().error() == ec::runtime_unavailable);
  CHECK(answering{std::string{chunked_head} + "zz\r\n"}.docker.list().error() == ec::runtime_unavailable);
  CHECK(answering{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[]"}.docker.list().error() == ec::runtime_unavailable);
  CHECK(answering{"HTTP/1.1 200 OK\r\nX: " + std::string(max_response / 100, 'x') + "\r\n\r\n"}.docker.list().error() ==
        ec::runtime_unavailable);
  CHECK(answering{""}.docker.list().error() == ec::runtime_unavailable);
}

TEST_CASE("docker engine: an answer without end is cut off") {
  fake_engine server{[](server_connection& to, const server_request&) {
    to.send(chunked_head);
    const auto piece = chunk(std::string(100'000, ' '));
    while (to.send(piece)) {
    }
    return false;
  }};
  CHECK(engine{server.where()}.list().error() == ec::runtime_failed);
}

TEST_CASE("docker engine: what does not answer in time is unavailable") {
  fake_engine server{[](server_connection& to, const server_request&) {
    to.send("HTTP/1.1 200 OK\r\n");
    to.wait_for_end();
    return false;
  }};
  engine docker{server.where(), 100ms};
  CHECK(docker.list().error() == ec::runtime_unavailable);
}

TEST_CASE("docker engine: Docker's statuses are errors of ours") {
  const std::string words = R"({"message":"those words"})";
  CHECK(answering{http_answer(404, words)}.docker.inspect("a").error() == ec::node_not_found);
  CHECK(answering{http_answer(409, words)}.docker.start("a") == ec::node_not_running);
  const auto failed = answering{http_answer(500, words)}.docker.stop("a", 1s);
  CHECK(failed == ec::runtime_failed);
  CHECK(message_of(failed).find("those words") != std::string::npos);
  CHECK_FALSE(answering{"HTTP/1.1 304 Not Modified\r\n\r\n"}.docker.start("a"));
  CHECK_FALSE(answering{"HTTP/1.1 204 No Content\r\n\r\n"}.docker.restart("a", 1s));
  CHECK_FALSE(answering{http_answer(404, words)}.docker.remove_network("a"));
  CHECK(answering{http_answer(403, words)}.docker.remove_network("a") == ec::runtime_failed);
  CHECK(answering{http_answer(409, words)}.docker.remove("a", false) == ec::runtime_failed);
  CHECK_FALSE(
      answering{http_answer(409, R"({"message":"removal of container a is already in progress"})")}.docker.remove(
          "a", true));
}

TEST_CASE("docker engine: names are escaped, graces are whole seconds") {
  fake_engine server{[](server_connection& to, const server_request&) { return to.send(http_answer(200, "{}")); }};
  engine docker{server.where()};
  docker.stop("../a?b", 1500ms);
  docker.remove("c", true);
  CHECK(server.lines()[1] == "POST /v1.41/containers/..%2Fa%3Fb/stop?t=2");
  CHECK(server.lines()[2] == "DELETE /v1.41/containers/c?v=true&force=true");
}

TEST_CASE("docker engine: a program's output and end") {
  fake_engine server{[](server_connection& to, const server_request& request) {
    if (request.line.ends_with("/containers/n/exec")) return to.send(http_answer(201, R"({"Id":"e1"})"));
    if (request.line == "GET /v1.41/exec/e1/json")
      return to.send(http_answer(200, R"({"Running":false,"ExitCode":3,"Pid":9})"));
    to.send("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
    for (const char c : frame(1, "out\n") + frame(2, "err\n")) to.send({&c, 1});
    return false;
  }};
  const auto ran = engine{server.where()}.run("n", {"x"}, {}, 20s);
  REQUIRE_MESSAGE(ran, message_of(ran.error()));
  CHECK(ran->exit_code == 3);
  CHECK(ran->output == "out\nerr\n");
  CHECK(engine{server.where()}.run("n", {}, {}, 1s).error() == ec::invalid_request);
}
