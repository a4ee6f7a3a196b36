#include "tests/transport/runtime/docker/fake_engine.hpp"
#include "tests/transport/runtime/lab_fixture.hpp"
#include "transport/runtime/docker/container_log.hpp"
#include "transport/runtime/docker/events.hpp"
#include "transport/runtime/docker/exec_channel.hpp"
#include "transport/runtime/terminal.hpp"

#include <algorithm>
#include <atomic>
#include <poll.h>

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;
using runtime::follower_signal;
using texts = std::vector<std::string>;

namespace {

const char* const terminal_container = R"({"Id":"c1","Name":"/n","Config":{"Tty":true},"State":{"Running":true}})";

std::string stamped(int second, const std::string& text) {
  return "2026-11-24T12:00:" + std::to_string(10 + second) + ".000000000Z " + text + "\r\n";
}

bool asks_for_log(const server_request& request) { return request.line.find("/logs?") != std::string::npos; }

struct event_ear {
  heard<docker::container_event> events;
  heard<docker::events_state> states;
};

docker::event_sink_actor::behavior_type event_sink(docker::event_sink_actor::pointer, event_ear* ear) {
  return {[ear](const std::vector<docker::container_event>& some) {
            for (const auto& each : some) ear->events.add(each);
          },
          [ear](const docker::events_state& state) { ear->states.add(state); }};
}

} // namespace

TEST_CASE_FIXTURE(lab_fixture, "docker log: goes on after a broken connection, and ends with its container") {
  std::atomic<int> logs{0};
  std::string second;
  fake_engine server{[&](server_connection& to, const server_request& request) {
    if (!asks_for_log(request)) return logs < 3 && to.send(http_answer(logs < 2 ? 200 : 404, terminal_container));
    switch (logs++) {
    case 0:
      to.send(chunked_head + chunk(stamped(0, "one")) + chunk(stamped(1, "two") + stamped(2, "thr"))),
          to.send("5\r\nxx");
      return false;
    default:
      second = request.line;
      to.send(chunked_head + chunk(stamped(0, "one") + stamped(1, "two")) +
              chunk(stamped(2, "thr") + stamped(3, "four")) + chunk("2026-11-24T12:00:14.000000000Z no end") +
              chunk({}));
      return false;
    }
  }};
  const auto ear = listen();
  const auto follower = docker::spawn_container_log(births, thread, server.where(), "c1", ear.actor);
  self->wait_for(follower);
  CHECK(ear.lines->wait([](const auto& all) { return all.size() >= 5; }));
  CHECK(ear.lines->all() == texts{"one", "two", "thr", "four", "no end"});
  CHECK(second.find("&since=1795521610.000000000") != std::string::npos);
}

TEST_CASE_FIXTURE(lab_fixture, "docker log: is never faster than its sink") {
  std::atomic<size_t> sent{0};
  fake_engine server{[&](server_connection& to, const server_request& request) {
    if (!asks_for_log(request)) return to.send(http_answer(200, terminal_container));
    to.send(chunked_head);
    const auto piece = chunk(stamped(0, std::string(10'000, 'x')));
    while (to.send(piece)) sent += piece.size();
    return false;
  }};
  heard<int> asked;
  caf::response_promise held;
  const auto sink = system.spawn([&](log_sink_actor::pointer me) -> log_sink_actor::behavior_type {
    return {[&, me](const log_lines&) -> caf::result<void> {
      auto promise = me->make_response_promise<void>();
      held = promise;
      asked.add(1);
      return promise;
    }};
  });
  const auto follower = docker::spawn_container_log(births, thread, server.where(), "c1", sink);
  REQUIRE(asked.wait([](const auto& all) { return !all.empty(); }));
  // The server is stuck once the buffers between them are full.
  size_t before = 1;
  while (before != sent) {
    before = sent;
    std::this_thread::yield();
    ::poll(nullptr, 0, 100);
  }
  CHECK(before < 4'000'000);
  CHECK(asked.all().size() == 1);
  self->send_exit(sink, caf::exit_reason::kill);
  self->wait_for(follower);
  held = {};
}

TEST_CASE_FIXTURE(lab_fixture, "docker log: a log that cannot be read says so once") {
  std::atomic<int> asked{0};
  fake_engine server{[&](server_connection& to, const server_request& request) {
    if (!asks_for_log(request)) return to.send(http_answer(200, terminal_container));
    ++asked;
    return to.send(http_answer(501, R"({"message":"configured logging driver does not support reading"})"));
  }};
  const auto ear = listen();
  const auto follower = docker::spawn_container_log(births, thread, server.where(), "c1", ear.actor);
  REQUIRE(ear.wait_for("configured logging driver does not support reading"));
  caf::anon_send(follower, follower_signal::look);
  caf::anon_send(follower, follower_signal::finish);
  self->wait_for(follower);
  CHECK(asked >= 2);
  CHECK(ear.lines->all().size() == 1);
}

TEST_CASE_FIXTURE(lab_fixture, "docker log: waits for an engine that is away, and ends without it when it has to") {
  const auto ear = listen();
  const auto follower =
      docker::spawn_container_log(births, thread, {"/tmp/stibium-no-such-socket", {}, 0}, "c1", ear.actor);
  caf::anon_send(follower, follower_signal::look);
  caf::anon_send(follower, follower_signal::finish);
  self->wait_for(follower);
  CHECK(ear.lines->all().empty());
}

TEST_CASE_FIXTURE(lab_fixture, "docker events: the stream is opened again, and each loss is told once") {
  std::atomic<int> round{0};
  fake_engine server{[&](server_connection& to, const server_request& request) {
    CHECK(request.line.starts_with("GET /v1.41/events?filters="));
    const auto now = round++;
    if (now == 1 || now == 2) return to.send(http_answer(500, R"({"message":"not now"})"));
    const auto event = R"({"Type":"container","Action":"start","Actor":{"ID":"c)" + std::to_string(now) + "\"}}\n";
    to.send(chunked_head + chunk(event.substr(0, 20)) + chunk(event.substr(20)));
    if (now == 0) return to.send(chunk("broken\n")), false;
    to.wait_for_end();
    return false;
  }};
  event_ear ear;
  const auto sink = system.spawn(event_sink, &ear);
  const auto reader = docker::spawn_event_reader(births, thread, server.where(), {}, sink);
  REQUIRE(ear.events.wait([](const auto& all) { return all.size() == 2; }));
  CHECK(ear.events.all()[0].id == "c0");
  CHECK(ear.events.all()[1].id == "c3");
  const auto states = ear.states.all();
  REQUIRE(states.size() == 3);
  CHECK(states[0].connected);
  CHECK_FALSE(states[1].connected);
  CHECK(states[1].detail.find("broken event") != std::string::npos);
  CHECK(states[2].connected);
  self->send_exit(sink, caf::exit_reason::kill);
  self->wait_for(sink, reader);
}

TEST_CASE_FIXTURE(lab_fixture, "docker exec: a connection that breaks ends the terminal as an error") {
  std::atomic<bool> broken{false};
  fake_engine server{[&](server_connection& to, const server_request& request) {
    if (broken) return false;
    if (request.line.ends_with("/containers/c1/json")) return to.send(http_answer(200, terminal_container));
    if (request.line.ends_with("/containers/c1/exec")) {
      CHECK(request.body.find(R"("TERM=xterm-256color")") != std::string::npos);
      CHECK(request.body.find(R"("STIBIUM_EXEC=)") != std::string::npos);
      return to.send(http_answer(201, R"({"Id":"e1"})"));
    }
    if (request.line.ends_with("/exec/e1/json")) return to.send(http_answer(200, R"({"Running":true,"Pid":9})"));
    if (!request.line.ends_with("/exec/e1/start")) return to.send(http_answer(200, "{}"));
    to.send("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst words");
    if (to.receive() == "typed") to.send(", then more");
    broken = true;
    return false;
  }};
  auto channel = docker::open_exec(thread, server.where(), {"c1", {"sh"}, {}, {}, {}, {}});
  REQUIRE_MESSAGE(channel, message_of(channel.error()));
  const auto ear = attach();
  const auto terminal = runtime::spawn_terminal(births, &thread, "t", std::move(*channel), ear.actor);
  REQUIRE(ear.wait_for("first words"));
  type(terminal_actor{terminal}, "typed");
  REQUIRE(ear.wait_for("first words, then more"));
  REQUIRE(ear.ends->wait([](const auto& all) { return !all.empty(); }));
  CHECK(ear.ends->all().front().error);
  CHECK(ear.ends->all().front().reason.find("Docker has broken the connection") != std::string::npos);
  CHECK(std::ranges::count(server.lines(), "POST /v1.41/exec/e1/resize?h=24&w=80") == 1);
}
