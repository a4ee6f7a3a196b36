#include "tests/actors/lab_fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(lab_fixture, "lab: a running instance is taken back with its logs, and the journal is cleared") {
  runtime->instances = {{"ping-1", {node("n1"), node("n2")}}};
  store->journal[7] = {7, {"L1"}, lab_verb::stop_node, "n1", "ping-1", now()};
  spool->stored.lines = {"from earlier"};
  make(left(state::running), {store->journal[7]});
  CHECK(runtime->adopted == texts{"ping-1"});
  CHECK(view() == state::running);
  CHECK(directory->views["L1"].recovered);
  CHECK(directory->streams.contains("/logs/L1/n1"));
  CHECK(runtime->followed.size() == 2);
  CHECK(store->journal.empty());
  CHECK(logged("from earlier"));
  event(node("n2", node_state::exited));
  CHECK(directory->views["L1"].nodes[1].state == node_state::exited);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: an instance that the runtime does not know is forgotten, and that is told") {
  store->instances["L1"] = left(state::running);
  make(left(state::running));
  CHECK(view() == state::inactive);
  CHECK(store->instances.empty());
  CHECK(told(severity::warning, "gone"));
}

TEST_CASE_FIXTURE(lab_fixture, "lab: an instance is taken back once the runtime is there") {
  self->send_exit(world.runtime, caf::exit_reason::kill);
  run();
  make(left(state::running));
  CHECK(view() == state::failed);
  const auto messages = bulletin->messages.size();
  advance(11s);
  CHECK(bulletin->messages.size() == messages);
  CHECK(store->instances.empty()); // nothing was decided
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a deployment that was cut off is cleaned up and failed") {
  store->journal[3] = {3, {"L1"}, lab_verb::deploy, "", "ping-1", now()};
  make(left(state::deploying), {store->journal[3]});
  REQUIRE(commands->held.size() == 1);
  CHECK(commands->held[0].what.verb == lab_verb::destroy);
  CHECK(store->journal.size() == 1); // a kill now is repaired in the same way
  commands->finish();
  run();
  CHECK(view() == state::failed);
  CHECK(told(severity::error, "cut off"));
  CHECK(store->journal.empty());
  CHECK(store->instances.at("L1").state == state::failed);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a destroy that was cut off is carried on") {
  store->journal[3] = {3, {"L1"}, lab_verb::destroy, "", "ping-1", now()};
  make(left(state::running), {store->journal[3]});
  REQUIRE(commands->held.size() == 1);
  commands->finish();
  run();
  CHECK(view() == state::inactive);
  CHECK(store->journal.empty());
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a command is answered only after the store has its end") {
  make();
  auto end = order(lab_verb::deploy);
  store->silent = true;
  commands->finish({node("n1"), node("n2")});
  run();
  CHECK(view() == state::running);
  CHECK_FALSE(end->done); // a kill now would be repaired as a deployment that was cut off
  sched.advance_time(lab_state::store_deadline);
  run();
  CHECK((end->done && !end->error)); // a store that hangs holds nobody up for ever
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a store that fails is told once and stops nothing") {
  store->broken = true;
  make();
  auto end = order(lab_verb::deploy);
  commands->finish({node("n1")});
  run();
  CHECK((end->done && !end->error));
  size_t warnings = 0;
  for (const auto& msg : bulletin->messages) warnings += msg.level == severity::warning ? 1 : 0;
  CHECK(warnings == 1);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: who waits for a lab that ends is told, and nothing that it made stays") {
  deployed();
  ask<shell_id>(subject, open_shell{"n1", user("bob")});
  auto end = order(lab_verb::stop_node, "n1");
  self->send_exit(subject, caf::exit_reason::kill);
  run();
  CHECK(end->error == ec::internal);
  REQUIRE(bulletin->notices.size() == 1);
  runtime->instances = {{"ping-1", {node("n1")}}};
  make(left(state::running));
  end = order(lab_verb::destroy);
  self->send_exit(subject, caf::exit_reason::user_shutdown);
  run();
  CHECK(end->error == ec::shutting_down);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: when the supervisor ends, the command ends") {
  make();
  auto end = order(lab_verb::deploy);
  commands->held.clear();
  self->send_exit(world.supervisor, caf::exit_reason::kill);
  run();
  CHECK(end->error == ec::internal);
  CHECK(view() == state::failed);
}
