#include "actors/scheduler.hpp"
#include "tests/actors/lab_fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(lab_fixture, "lab: a lab without a file ends when it is destroyed") {
  deployed();
  begin(subject, lab_file_gone{{"L1"}});
  self->monitor(subject);
  auto end = order(lab_verb::destroy);
  commands->finish();
  run();
  CHECK((end->done && !end->error));
  CHECK(directory->streams.empty());
  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; });
  CHECK(down);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: the scheduler hears times that still count") {
  file.start_time = now() + 1h, file.end_time = now() + 2h;
  make();
  REQUIRE(schedule->set.size() == 1);
  CHECK(schedule->set[0].start == file.start_time);
  CHECK(schedule->set[0].end == file.end_time);
  CHECK(view() == state::scheduled);
  advance(90min);
  order(lab_verb::deploy);
  CHECK_FALSE(schedule->set.back().start); // it has been deployed
  CHECK(schedule->set.back().end == file.end_time);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: an end that passed while the service was down still counts") {
  runtime->instances = {{"ping-1", {node("n1")}}};
  file.end_time = now() - 1min;
  make(left(state::running));
  REQUIRE(!schedule->set.empty());
  CHECK(schedule->set[0].end == file.end_time);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a start that meets the lab being destroyed comes after it") {
  world.scheduler = actor_fixture::spawn(scheduler, scheduler_setup{world.now});
  file.start_time = now() + 1h;
  deployed();
  advance(1h - 1s);
  order(lab_verb::destroy);
  advance(1s);
  commands->finish();
  run();
  CHECK(view() == state::inactive);
  advance(scheduler_state::again_after);
  CHECK(view() == state::deploying);
}
