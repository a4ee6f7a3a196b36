#include "tests/actors/lab_machine_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE("lab machine: every command in every state") {
  struct row {
    state before;
    lab_verb verb;
    const char* node;
    const char* answer; ///< the name of the refusal; "starts", "waits", "cuts off"
    state after;
  };
  using enum lab_verb;
  static const row table[] = {
      {state::inactive, deploy, "", "starts", state::deploying},
      {state::inactive, destroy, "", "lab_not_running", state::inactive},
      {state::inactive, stop_node, "n1", "lab_not_running", state::inactive},
      {state::inactive, start_node, "n1", "lab_not_running", state::inactive},
      {state::inactive, restart_node, "n1", "lab_not_running", state::inactive},
      {state::inactive, stop_node, "nope", "lab_not_running", state::inactive},
      {state::deploying, deploy, "", "already_deploying", state::deploying},
      {state::deploying, destroy, "", "cuts off", state::stopping},
      {state::deploying, stop_node, "n1", "being_deployed", state::deploying},
      {state::deploying, start_node, "n1", "being_deployed", state::deploying},
      {state::deploying, restart_node, "n1", "being_deployed", state::deploying},
      {state::running, deploy, "", "starts", state::deploying},
      {state::running, destroy, "", "starts", state::stopping},
      {state::running, stop_node, "n1", "starts", state::running},
      {state::running, stop_node, "n2", "node_not_running", state::running},
      {state::running, stop_node, "nope", "node_not_found", state::running},
      {state::running, start_node, "n1", "node_running", state::running},
      {state::running, start_node, "n2", "starts", state::running},
      {state::running, start_node, "nope", "node_not_found", state::running},
      {state::running, restart_node, "n1", "starts", state::running},
      {state::running, restart_node, "n2", "node_not_running", state::running},
      {state::running, restart_node, "nope", "node_not_found", state::running},
      {state::stopping, deploy, "", "being_destroyed", state::stopping},
      {state::stopping, destroy, "", "waits", state::stopping},
      {state::stopping, stop_node, "n1", "being_destroyed", state::stopping},
      {state::stopping, start_node, "n1", "being_destroyed", state::stopping},
      {state::stopping, restart_node, "n1", "being_destroyed", state::stopping},
      {state::failed, deploy, "", "starts", state::deploying},
      {state::failed, destroy, "", "starts", state::stopping},
      {state::failed, stop_node, "n1", "lab_not_running", state::failed},
      {state::failed, start_node, "n1", "lab_not_running", state::failed},
      {state::failed, restart_node, "n1", "lab_not_running", state::failed},
  };
  for (const auto& row : table) {
    CAPTURE(static_cast<int>(row.before));
    CAPTURE(to_string(row.verb));
    CAPTURE(row.node);
    machine_fixture f;
    f.bring_to(row.before);
    f.last = 6;
    const auto out = f.command(row.verb, row.node);
    CHECK(f.lab.state() == row.after);
    const std::string answer = row.answer;
    const auto starts = all<lab_action::start>(out);
    if (answer == "starts") {
      REQUIRE(starts.size() == 1);
      CHECK(starts[0].verb == row.verb);
      CHECK(starts[0].node == row.node);
      CHECK(starts[0].redeploy == (row.verb == deploy && row.before != state::inactive));
      CHECK(settled(out).empty());
      CHECK(settled(f.ended(fine())) == texts{"7: ok"});
    } else if (answer == "waits") {
      CHECK(starts.empty());
      CHECK(settled(out).empty());
      CHECK(settled(f.ended(fine())).back() == "7: ok");
    } else if (answer == "cuts off") {
      CHECK(starts.empty());
      CHECK(all<lab_action::cancel>(out).size() == 1);
    } else {
      CHECK(starts.empty());
      CHECK(settled(out) == texts{"7: " + answer});
    }
  }
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a first deployment, from nothing to running") {
  lab.resume({}, {}, now);
  CHECK_FALSE(lab.view(now).has_log);
  auto out = command(lab_verb::deploy);
  CHECK(lab.where()->name == "my-ping-lab-1700000000123");
  CHECK(lab.where()->folder == "/run/L1");
  CHECK(lab.view(now).has_log);
  CHECK(position<lab_action::new_log>(out) < position<lab_action::write_line>(out));
  CHECK(position<lab_action::save_instance>(out) < position<lab_action::start>(out));
  CHECK(position<lab_action::publish>(out) < position<lab_action::start>(out));
  out = node("n1", node_state::starting);
  CHECK(all<lab_action::publish>(out).size() == 1);
  CHECK(lab.view(now).nodes.size() == 1);
  now += std::chrono::seconds{5};
  out = ended(fine());
  CHECK(settled(out) == texts{"1: ok"});
  CHECK(position<lab_action::publish>(out) < position<lab_action::settle>(out));
  CHECK(position<lab_action::save_instance>(out) < position<lab_action::journal_end>(out));
  CHECK(lab.view(now).state == state::running);
  CHECK(lab.view(now).latest_state_change == now);
  CHECK(all<lab_action::tell>(out).at(0).level == severity::success);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a failed deployment keeps its reason and its instance") {
  bring_to(state::deploying);
  const auto out = ended(failed(ec::runtime_failed, "Error: no such image"));
  CHECK(settled(out) == texts{"1: runtime_failed"});
  CHECK(all<lab_action::settle>(out)[0].error->text == "Error: no such image");
  CHECK(lab.state() == state::failed);
  REQUIRE(all<lab_action::tell>(out).size() == 1);
  CHECK(all<lab_action::tell>(out)[0].level == severity::error);
  CHECK(all<lab_action::tell>(out)[0].content.find("no such image") != std::string::npos);
  CHECK(lab.where());
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a destroy cancels the deployment, which never counts as done") {
  for (const auto& how : {failed(ec::cancelled), fine(), failed(ec::deadline_passed)}) {
    machine_fixture f;
    f.bring_to(state::deploying);
    auto out = f.command(lab_verb::destroy);
    CHECK(settled(out).empty());
    CHECK(settled(f.command(lab_verb::destroy)).empty());
    CHECK(all<lab_action::cancel>(out).size() == 1);
    out = f.ended(how);
    CHECK(settled(out) == texts{"1: cancelled"});
    CHECK(all<lab_action::settle>(out)[0].error->text.find("bob") != std::string::npos);
    REQUIRE(all<lab_action::start>(out).size() == 1);
    CHECK(all<lab_action::start>(out)[0].verb == lab_verb::destroy);
    CHECK(position<lab_action::journal_end>(out) < position<lab_action::start>(out));
    out = f.ended(fine({}));
    CHECK(settled(out) == texts{"2: ok", "3: ok"});
    CHECK(f.lab.state() == state::inactive);
    CHECK(all<lab_action::erase_instance>(out).size() == 1);
    CHECK(all<lab_action::end_node_logs>(out).size() == 1);
    CHECK(f.lab.view(f.now).has_log);
  }
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a destroy that fails can be tried again") {
  bring_to(state::stopping);
  auto out = ended(failed(ec::runtime_failed));
  CHECK(settled(out) == texts{"2: runtime_failed"});
  CHECK(lab.state() == state::failed);
  last = 4;
  CHECK(all<lab_action::start>(command(lab_verb::destroy)).size() == 1);
  CHECK(settled(ended(failed(ec::lab_not_running, "nothing there"))) == texts{"5: ok"});
  CHECK(lab.state() == state::inactive);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a destroy takes the place of a redeploy that waits") {
  bring_to(state::running);
  command(lab_verb::stop_node, "n1");
  command(lab_verb::deploy);
  auto out = command(lab_verb::destroy);
  CHECK(settled(out) == texts{"2: cancelled"});
  CHECK(all<lab_action::cancel>(out).empty()); // it is being cut off already
  out = ended(failed(ec::cancelled));
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::destroy);
  CHECK(settled(ended(fine({}))) == texts{"3: ok"});
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: only so many wait for a destroy besides the first") {
  bring_to(state::stopping);
  for (size_t i = 0; i < lab_machine::max_waiting; ++i) CHECK(settled(command(lab_verb::destroy)).empty());
  const auto out = command(lab_verb::destroy);
  CHECK(settled(out) == texts{std::to_string(last) + ": queue_full"});
  CHECK(settled(ended(fine({}))).size() == lab_machine::max_waiting + 1);
}
