#include "tests/actors/lab_machine_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(machine_fixture, "lab machine: node commands go one at a time, in order, each judged at its turn") {
  bring_to(state::running);
  CHECK(all<lab_action::start>(command(lab_verb::stop_node, "n1")).size() == 1);
  CHECK(settled(command(lab_verb::start_node, "n1")).empty());
  CHECK(settled(command(lab_verb::start_node, "n1")).empty());
  CHECK(settled(command(lab_verb::stop_node, "n2")).empty());
  auto out = ended(fine({a_node("n1", node_state::exited), a_node("n2", node_state::exited)}));
  CHECK(settled(out) == texts{"1: ok"});
  REQUIRE(all<lab_action::start>(out).size() == 1);
  CHECK(all<lab_action::start>(out)[0].verb == lab_verb::start_node);
  out = ended(fine({a_node("n1"), a_node("n2", node_state::exited)}));
  CHECK(settled(out) == texts{"2: ok", "3: node_running", "4: node_not_running"});
  CHECK_FALSE(lab.busy());
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: only so many node commands wait") {
  bring_to(state::running);
  command(lab_verb::stop_node, "n1");
  for (size_t i = 0; i < lab_machine::max_waiting; ++i) CHECK(settled(command(lab_verb::restart_node, "n1")).empty());
  const auto out = command(lab_verb::restart_node, "n1");
  CHECK(settled(out) == texts{std::to_string(last) + ": queue_full"});
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a destroy and a redeploy cut node commands off") {
  for (const auto verb : {lab_verb::destroy, lab_verb::deploy}) {
    machine_fixture f;
    f.bring_to(state::running);
    f.command(lab_verb::stop_node, "n1");
    f.command(lab_verb::restart_node, "n1");
    auto out = f.command(verb);
    CHECK(settled(out) == texts{"2: cancelled"});
    CHECK(all<lab_action::cancel>(out).size() == 1);
    CHECK(f.lab.state() == (verb == lab_verb::deploy ? state::deploying : state::stopping));
    out = f.ended(failed(ec::cancelled));
    CHECK(settled(out) == texts{"1: cancelled"});
    REQUIRE(all<lab_action::start>(out).size() == 1);
    CHECK(all<lab_action::start>(out)[0].verb == verb);
    CHECK(settled(f.ended(fine())) == texts{"3: ok"});
  }
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: shells are closed before a node or the lab stops") {
  bring_to(state::running);
  auto out = command(lab_verb::stop_node, "n1");
  REQUIRE(all<lab_action::close_shells>(out).size() == 1);
  CHECK(all<lab_action::close_shells>(out)[0].node == "n1");
  CHECK(all<lab_action::close_shells>(out)[0].reason == "node stopped");
  CHECK(position<lab_action::close_shells>(out) < position<lab_action::start>(out));
  ended(fine());
  out = command(lab_verb::destroy);
  CHECK(all<lab_action::close_shells>(out).at(0).node.empty());
  CHECK(all<lab_action::close_shells>(out)[0].reason == "lab destroyed");
  CHECK(position<lab_action::close_shells>(out) < position<lab_action::start>(out));
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: shells open only in nodes that run") {
  lab.resume({}, {}, now);
  CHECK(lab.refuses_shell("n1")->code == ec::lab_not_running);
  command(lab_verb::deploy);
  CHECK(lab.refuses_shell("n1")->code == ec::being_deployed);
  node("n1", node_state::running);
  CHECK_FALSE(lab.refuses_shell("n1"));
  ended(fine({a_node("n1"), a_node("n2", node_state::exited)}));
  CHECK_FALSE(lab.refuses_shell("n1"));
  CHECK(lab.refuses_shell("n2")->code == ec::node_not_running);
  CHECK(lab.refuses_shell("n3")->code == ec::node_not_found);
  command(lab_verb::destroy);
  CHECK(lab.refuses_shell("n1")->code == ec::being_destroyed);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: node events keep the nodes true") {
  bring_to(state::running);
  auto out = node("n1", node_state::exited, "node n1 has exited (exit code 1)");
  CHECK(lab.find_node("n1")->state == node_state::exited);
  CHECK(all<lab_action::publish>(out).size() == 1);
  CHECK(all<lab_action::write_line>(out).at(0).text == "node n1 has exited (exit code 1)");
  CHECK(all<lab_action::tell>(out).at(0).level == severity::warning);
  CHECK(lab.node_changed({"another-1", a_node("n1"), ""}, now).empty());
  CHECK(lab.find_node("n1")->state == node_state::exited);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a node that exited while it was deployed is not running afterwards") {
  bring_to(state::deploying);
  node("n1", node_state::running);
  node("n1", node_state::exited);
  node("n2", node_state::exited);
  node("n2", node_state::running);
  ended(fine());
  CHECK(lab.find_node("n1")->state == node_state::exited);
  CHECK(lab.find_node("n2")->state == node_state::running);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: no shell opens in a node that is about to stop") {
  bring_to(state::running);
  for (const auto verb : {lab_verb::stop_node, lab_verb::restart_node}) {
    command(verb, "n1");
    CHECK(lab.refuses_shell("n1")->code == ec::node_not_running);
    ended(fine());
    CHECK_FALSE(lab.refuses_shell("n1"));
  }
  command(lab_verb::stop_node, "n2");
  CHECK_FALSE(lab.refuses_shell("n1"));
}
