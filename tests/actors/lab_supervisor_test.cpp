#include "actors/lab.hpp"
#include "actors/supervisor.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

/// Labs on a real supervisor; the runtime is a stand-in.
struct labs_fixture : actor_fixture {
  labs_fixture() {
    runtime->hold = true;
    world.supervisor = actor_fixture::spawn(supervisor, supervisor_setup{world.runtime, world.bulletin, world.bounds});
    world.make_spool = [this](const lab_id& id) { return make_spool(spools[id.value]); };
    for (const auto* id : {"A", "B", "C"}) {
      spools[id] = std::make_shared<spool_record>();
      lab_file file;
      file.id = {id}, file.name = id, file.topology = "name: x\ntopology:\n  nodes:\n    n1:\n      kind: linux\n";
      labs[id] = actor_fixture::spawn(lab, lab_setup{world, file, false, {}, {}});
    }
    run();
  }

  std::shared_ptr<ending> order(const std::string& id, lab_verb verb) {
    return begin(labs.at(id), lab_command{verb, "", user("bob"), false});
  }
  bool logged(const std::string& id, const std::string& text) const {
    for (const auto& line : spools.at(id)->stored.lines)
      if (line.find(text) != std::string::npos) return true;
    return false;
  }

  std::map<std::string, std::shared_ptr<spool_record>> spools;
  std::map<std::string, lab_actor> labs;
};

} // namespace

TEST_CASE_FIXTURE(labs_fixture, "labs: the one that waits for a slot says its place in its log") {
  order("A", lab_verb::deploy), order("B", lab_verb::deploy);
  auto end = order("C", lab_verb::deploy);
  CHECK(logged("C", "waiting for a free slot: position 1 of 1"));
  CHECK_FALSE(logged("A", "waiting"));
  CHECK(directory->views["C"].state == lab_state_code::deploying);
  runtime->finish({node("n1")});
  run();
  REQUIRE(runtime->held.size() == 2);
  runtime->held.pop_front();
  runtime->finish({node("n1")});
  run();
  CHECK((end->done && !end->error));
}

TEST_CASE_FIXTURE(labs_fixture, "labs: destroying one that waits for a slot needs no runtime to cancel it") {
  order("A", lab_verb::deploy), order("B", lab_verb::deploy);
  auto deploy = order("C", lab_verb::deploy);
  auto destroy = order("C", lab_verb::destroy);
  CHECK(deploy->error == ec::cancelled);
  CHECK(runtime->cancelled.empty());
  CHECK_FALSE(destroy->done);
  runtime->finish({node("n1")});
  run();
  REQUIRE(runtime->held.size() == 2);
  CHECK(runtime->held[1].what.verb == lab_verb::destroy);
  runtime->held[1].deliver(failure(ec::lab_not_running, "no such instance"));
  run();
  CHECK((destroy->done && !destroy->error));
  CHECK(directory->views["C"].state == lab_state_code::inactive);
}

TEST_CASE_FIXTURE(labs_fixture, "labs: a runtime that hangs past deadline and grace costs the command, not the lab") {
  runtime->ignore_cancel = true;
  auto deploy = order("A", lab_verb::deploy);
  advance(601s);
  CHECK_FALSE(deploy->done);
  advance(5s);
  CHECK(deploy->error == ec::deadline_passed);
  CHECK(directory->views["A"].state == lab_state_code::failed);
  CHECK(logged("A", "does not answer"));
  auto destroy = order("A", lab_verb::destroy);
  for (int i = 0; i < 2; ++i) advance(30s);
  CHECK(destroy->error == ec::runtime_unavailable);
  CHECK(directory->views["A"].state == lab_state_code::failed);
  destroy = order("A", lab_verb::destroy);
  for (int i = 0; i < 2; ++i) { // at last it answers
    REQUIRE(runtime->held.size() == 1);
    runtime->finish();
    run();
  }
  CHECK((destroy->done && !destroy->error));
  CHECK(directory->views["A"].state == lab_state_code::inactive);
}

TEST_CASE_FIXTURE(labs_fixture, "labs: a runtime that ends fails the deployment at once") {
  auto deploy = order("A", lab_verb::deploy);
  self->send_exit(world.runtime, caf::exit_reason::kill);
  run();
  CHECK(deploy->error == ec::runtime_unavailable);
  CHECK(directory->views["A"].state == lab_state_code::failed);
}

TEST_CASE_FIXTURE(labs_fixture, "labs: one that failed alone and is made again cuts its old command off") {
  order("A", lab_verb::deploy);
  const auto instance = store->instances.at("A");
  const auto entry = store->journal.begin()->second;
  self->send_exit(labs["A"], caf::exit_reason::kill);
  run();
  lab_file file;
  file.id = {"A"}, file.name = "A";
  labs["A"] = actor_fixture::spawn(lab, lab_setup{world, file, true, instance, {entry}});
  run();
  CHECK(runtime->cancelled == std::vector<std::string>{instance.where.name});
  REQUIRE(runtime->held.size() == 1);
  CHECK(runtime->held[0].what.verb == lab_verb::destroy);
  runtime->finish();
  run();
  CHECK(directory->views["A"].state == lab_state_code::failed);
  CHECK(store->journal.empty());
}
