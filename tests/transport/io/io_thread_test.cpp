#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

using namespace stibium;

namespace {

using where_actor = caf::typed_actor<caf::replies_to<int>::with<bool>, caf::reacts_to<std::string>>;

struct where_state {
  static constexpr const char* name = "where";
  explicit where_state(where_actor::pointer self) : self{self} {}
  where_actor::pointer self;
};

where_actor::behavior_type where(where_actor::stateful_pointer<where_state>, io::io_thread* thread) {
  return {[thread](int) { return thread->here(); }, [](const std::string& text) { throw std::runtime_error(text); }};
}

struct io_fixture {
  io_fixture() : system(config()), thread(system) {
    births.system = &system;
    births.homes = {&thread};
    thread.start();
  }
  static caf::actor_system_config& config() {
    static caf::actor_system_config cfg;
    cfg.set("scheduler.policy", caf::atom("sharing"));
    return cfg;
  }
  caf::actor_system system;
  io::io_thread thread;
  nursery births;
};

} // namespace

TEST_CASE_FIXTURE(io_fixture, "io thread: a pinned actor runs there, whoever sends") {
  auto actor = spawn(births, placement::on(births.home_for(7)), {"where", "", "", 0}, where, &thread);
  caf::scoped_actor self{system};
  for (int i = 0; i < 1000; ++i)
    self->request(actor, caf::infinite, i).receive([](bool there) { REQUIRE(there); }, [](caf::error&) { FAIL("no answer"); });
  CHECK(births.people->size() == 1);
  self->monitor(actor);
  self->send_exit(actor, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {});
  // The census hears of the end a moment after monitors do.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (births.people->size() != 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(births.people->size() == 0);
}

TEST_CASE_FIXTURE(io_fixture, "io thread: an actor of the pool stays on the pool when a pinned one sends to it") {
  auto actor = spawn(births, placement::pool(), {"where", "", "", 0}, where, &thread);
  auto asker = spawn(births, placement::on(&thread), {"asker", "", "", 0},
                     [](where_actor::stateful_pointer<where_state> self, where_actor other) -> where_actor::behavior_type {
                       return {[self, other](int i) { return self->delegate(other, i); }, [](const std::string&) {}};
                     },
                     actor);
  caf::scoped_actor self{system};
  self->request(asker, caf::infinite, 1).receive([](bool there) { CHECK_FALSE(there); }, [](caf::error&) { FAIL("no answer"); });
  caf::anon_send_exit(asker, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

TEST_CASE_FIXTURE(io_fixture, "io thread: a throw ends the one actor, not its thread") {
  auto bad = spawn(births, placement::on(&thread), {"where", "", "", 0}, where, &thread);
  auto good = spawn(births, placement::on(&thread), {"where", "", "", 0}, where, &thread);
  caf::scoped_actor self{system};
  self->request(bad, caf::infinite, std::string{"boom"}).receive([] { FAIL("must throw"); }, [](caf::error&) {});
  self->request(good, caf::infinite, 1).receive([](bool there) { CHECK(there); }, [](caf::error&) { FAIL("no answer"); });
  caf::anon_send_exit(good, caf::exit_reason::user_shutdown);
}
