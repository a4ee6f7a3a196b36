#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(actor_fixture, "fixture: the stand-ins answer and write down what they hear") {
  CHECK(ask<shell_id>(world.directory, atom::reserve_v, user("alice"))->value == "shell-1");
  directory->shell_limit = 1;
  CHECK(ask<shell_id>(world.directory, atom::reserve_v, user("alice")).error() == ec::shell_limit);
  CHECK(command(world.bulletin, status_message{"test", "hello", "", severity::info, {}, ""}) == caf::none);
  CHECK(bulletin->messages.size() == 1);
  CHECK(ask<uint64_t>(world.store, atom::save_v, journal_entry{}) == uint64_t{1});
}

TEST_CASE_FIXTURE(actor_fixture, "fixture: a held command is answered when the test says so") {
  commands->hold = true;
  auto answer = self->request(world.supervisor, caf::infinite, runtime_command{});
  run();
  CHECK_FALSE(self->has_next_message());
  REQUIRE(commands->held.size() == 1);
  commands->finish({node("n1")});
  run();
  answer.receive([](const instance_status& got) { CHECK(got.nodes.size() == 1); }, [](caf::error&) { FAIL("failed"); });
}

TEST_CASE_FIXTURE(actor_fixture, "fixture: time moves only when told") {
  const auto before = now();
  run();
  CHECK(now() == before);
  advance(std::chrono::seconds{3});
  CHECK(now() - before == std::chrono::seconds{3});
}
