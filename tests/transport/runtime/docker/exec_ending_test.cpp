#include "tests/transport/runtime/docker/fake_engine.hpp"
#include "transport/runtime/docker/exec_ending.hpp"

#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

#include <atomic>

using namespace stibium::docker;
using namespace stibium::test;

namespace {

const endpoint nowhere{"/tmp/stibium-no-such-socket", {}, 0};

exec_to_end numbered(size_t i) { return {nowhere, "c" + std::to_string(i), "mark." + std::to_string(i), "", "KILL"}; }

} // namespace

TEST_CASE("docker exec ending: what waits is bounded, and nothing waits twice") {
  const auto before = spdlog::get_level();
  spdlog::set_level(spdlog::level::off); // each one that is given up is told
  {
    exec_ender ender;
    for (size_t i = 0; i < exec_ender::max_waiting + 100; ++i) ender.add(numbered(i));
    // One of them may be under way.
    CHECK(ender.waiting() <= exec_ender::max_waiting);
    CHECK(ender.waiting() >= exec_ender::max_waiting - 1);
    const auto full = ender.waiting();
    ender.add(numbered(exec_ender::max_waiting));
    CHECK(ender.waiting() <= std::max(full, exec_ender::max_waiting));
  } // ends within its deadline, with an engine that is away
  spdlog::set_level(before);
}

TEST_CASE("docker exec ending: a container that is gone needs no second look") {
  std::atomic<int> asked = 0;
  fake_engine server{[&](server_connection& to, const server_request&) {
    ++asked;
    return to.send(http_answer(404, R"({"message":"No such container: n"})"));
  }};
  {
    exec_ender ender;
    ender.add({server.where(), "n", "mark.1", "", "HUP"});
  }                  // what is asked for by then is done first
  CHECK(asked == 2); // the exec, and what has become of the container
}

TEST_CASE("docker exec ending: what fails is given up when the process ends, without a logger") {
  fake_engine server{
      [&](server_connection& to, const server_request&) { return to.send(http_answer(500, R"({"message":"no"})")); }};
  const auto logger = spdlog::default_logger();
  {
    exec_ender ender;
    spdlog::set_default_logger(nullptr);
    ender.add({server.where(), "n", "mark.1", "", "HUP"});
  }
  spdlog::set_default_logger(logger);
}
