#include "tests/transport/runtime/docker/docker_fixture.hpp"
#include "transport/runtime/docker/events.hpp"

#include <algorithm>

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(docker_fixture, "docker events: what happens to a container arrives with its labels") {
  if (!begin()) return;
  heard<docker::container_event> events;
  heard<docker::events_state> states;
  const auto sink = system.spawn([&](docker::event_sink_actor::pointer) -> docker::event_sink_actor::behavior_type {
    return {[&](const std::vector<docker::container_event>& some) {
              for (const auto& each : some) events.add(each);
            },
            [&](const docker::events_state& state) { states.add(state); }};
  });
  const auto reader = docker::spawn_event_reader(births, thread, engine().where(), {"stibium-test"}, sink);
  REQUIRE(states.wait([](const auto& all) { return !all.empty() && all.front().connected; }));
  const auto id = make({"exit 9"});
  const auto has = [&](const std::string& action) {
    return events.wait([&](const auto& all) {
      return std::ranges::any_of(all, [&](const auto& each) { return each.id == id && each.action == action; });
    });
  };
  CHECK(has("create"));
  CHECK(has("start"));
  CHECK(has("die"));
  CHECK_FALSE(engine().remove(id, true));
  CHECK(has("destroy"));
  for (const auto& each : events.all()) {
    if (each.id != id) continue;
    CHECK(each.attributes.at("clab-node-name") == "n-1");
    CHECK(each.time_ns > 1'700'000'000'000'000'000);
    if (each.action == "die") CHECK(each.attributes.at("exitCode") == "9");
  }
  caf::anon_send(reader, docker::events_signal::finish);
  self->wait_for(reader);
  self->send_exit(sink, caf::exit_reason::kill);
  self->wait_for(sink);
}
