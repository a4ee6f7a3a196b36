#include "actors/lab_machine.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace stibium;

namespace {

using actions = lab_machine::actions;
using state = lab_state_code;

template <class Action>
std::vector<Action> all(const actions& list) {
  std::vector<Action> result;
  for (const auto& any : list)
    if (const auto* one = std::get_if<Action>(&any)) result.push_back(*one);
  return result;
}

template <class Action>
size_t position(const actions& list) {
  return static_cast<size_t>(
      std::ranges::find_if(list, [](const auto& any) { return std::holds_alternative<Action>(any); }) - list.begin());
}

/// "7: ok", "7: cancelled", ... in order.
std::vector<std::string> settled(const actions& list) {
  std::vector<std::string> result;
  for (const auto& one : all<lab_action::settle>(list))
    result.push_back(std::to_string(one.who) + ": " + (one.error ? to_string(one.error->code) : "ok"));
  return result;
}

using texts = std::vector<std::string>;

node_info a_node(std::string name, node_state how = node_state::running) {
  node_info result;
  result.name = std::move(name);
  result.kind = "linux";
  result.state = how;
  return result;
}

command_outcome fine(std::vector<node_info> nodes = {a_node("n1"), a_node("n2")}) { return {{}, std::move(nodes)}; }
command_outcome failed(ec code, std::string text = "no such image") { return {refusal{code, std::move(text)}, {}}; }

struct machine_fixture {
  lab_file file{{"L1"}, "/labs/p.clab.yml", "my_ping lab", "net1", "c1", "id-alice", "alice", false, "n1 n2", {}, {}};
  lab_machine lab{file, false, "/run/L1", [](const std::string& text) {
                    texts names;
                    for (size_t at = 0; at < text.size(); at += 3) names.push_back(text.substr(at, 2));
                    return names;
                  }};
  time_point now{std::chrono::milliseconds{1700000000123}};
  ticket last = 0;

  actions command(lab_verb verb, std::string node = {}, std::string who = "bob") {
    return lab.command({verb, std::move(node), {"id-" + who, who, false, {}}, false}, ++last, now);
  }
  actions ended(const command_outcome& outcome) { return lab.ended(outcome, now); }
  actions node(std::string name, node_state how, std::string what = {}) {
    return lab.node_changed({lab.where() ? lab.where()->name : "", a_node(std::move(name), how), std::move(what)}, now);
  }
  stored_instance left(state how) { return {{{"L1"}, "ping-1", "/run/L1", "n1 n2", "/labs/p.clab.yml"}, how, now}; }

  void bring_to(state wanted) {
    lab.resume({}, {}, now);
    if (wanted == state::inactive) return;
    command(lab_verb::deploy);
    if (wanted == state::deploying) return;
    ended(wanted == state::failed ? failed(ec::runtime_failed)
                                  : fine({a_node("n1"), a_node("n2", node_state::exited)}));
    if (wanted == state::stopping) command(lab_verb::destroy);
    last = 0;
  }
};

} // namespace

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

TEST_CASE_FIXTURE(machine_fixture,
                  "lab machine: a deploy that must not redeploy does nothing on a lab with an instance") {
  bring_to(state::running);
  CHECK(settled(lab.command({lab_verb::deploy, "", {}, true}, 9, now)) == texts{"9: ok"});
  CHECK(lab.state() == state::running);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a running instance is taken back") {
  auto out = lab.resume(left(state::running), {{1, {"L1"}, lab_verb::stop_node, "n1", "ping-1", now}}, now);
  CHECK(all<lab_action::adopt>(out).size() == 1);
  command(lab_verb::stop_node, "n1"); // waits for the adoption
  out = lab.adopted(fine(), now);
  CHECK(lab.state() == state::running);
  CHECK(lab.view(now).recovered);
  CHECK(all<lab_action::journal_end>(out).size() == 1);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::stop_node);
  CHECK(position<lab_action::journal_end>(out) < position<lab_action::start>(out));
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: an instance that is gone leaves the lab inactive, and says so") {
  lab.resume(left(state::running), {}, now);
  command(lab_verb::destroy);
  const auto out = lab.adopted(failed(ec::lab_not_running, "unknown"), now);
  CHECK(lab.state() == state::inactive);
  CHECK(settled(out) == texts{"1: lab_not_running"});
  CHECK(all<lab_action::tell>(out).at(0).level == severity::warning);
  CHECK(all<lab_action::erase_instance>(out).size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: an adoption is tried again until the runtime is there") {
  lab.resume(left(state::running), {}, now);
  auto out = lab.adopted(failed(ec::runtime_unavailable, "no docker"), now);
  CHECK(lab.state() == state::failed);
  CHECK(all<lab_action::adopt_later>(out).size() == 1);
  CHECK(all<lab_action::tell>(out).size() == 1);
  CHECK(all<lab_action::adopt>(lab.adopt_again()).size() == 1);
  out = lab.adopted(failed(ec::runtime_unavailable, "no docker"), now);
  CHECK(all<lab_action::tell>(out).empty()); // said once
  lab.adopt_again();
  lab.adopted(fine(), now);
  CHECK(lab.state() == state::running);
  CHECK(lab.adopt_again().empty());
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a deployment cut off by the service's end is cleaned up and failed") {
  auto out = lab.resume(left(state::deploying), {{1, {"L1"}, lab_verb::deploy, "", "ping-1", now}}, now);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::destroy);
  out = ended(fine({}));
  CHECK(lab.state() == state::failed);
  CHECK(all<lab_action::tell>(out).at(0).level == severity::error);
  CHECK(lab.where());
  last = 2;
  CHECK(all<lab_action::start>(command(lab_verb::deploy)).at(0).redeploy);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: who destroys during the clean-up gets a destroyed lab") {
  lab.resume(left(state::deploying), {}, now);
  CHECK(settled(command(lab_verb::destroy)).empty());
  CHECK(settled(ended(fine({}))) == texts{"1: ok"});
  CHECK(lab.state() == state::inactive);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a destroy cut off by the service's end is carried on") {
  const auto out = lab.resume(left(state::running), {{1, {"L1"}, lab_verb::destroy, "", "ping-1", now}}, now);
  CHECK(lab.state() == state::stopping);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::destroy);
  ended(fine({}));
  CHECK(lab.state() == state::inactive);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a lab whose file is gone ends when it is inactive") {
  lab.resume({}, {}, now);
  CHECK(all<lab_action::end>(lab.file_gone()).size() == 1);
  machine_fixture f;
  f.bring_to(state::running);
  CHECK(all<lab_action::end>(f.lab.file_gone()).empty());
  f.command(lab_verb::destroy);
  CHECK(all<lab_action::end>(f.ended(fine({}))).size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a changed file counts from the next deployment on") {
  bring_to(state::running);
  auto changed = file;
  changed.topology = "n7";
  CHECK(all<lab_action::publish>(lab.file_changed(changed)).size() == 1);
  CHECK(lab.view(now).topology == "n1 n2");
  last = 0;
  CHECK(settled(command(lab_verb::stop_node, "n7")) == texts{"1: node_not_found"});
  command(lab_verb::deploy);
  CHECK(lab.view(now).topology == "n7");
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a lab with a start time to come is scheduled") {
  file.start_time = now + std::chrono::hours{1};
  lab.resume({}, {}, now);
  lab.file_changed(file);
  CHECK(lab.view(now).state == state::scheduled);
  CHECK(lab.view(now + std::chrono::hours{2}).state == state::inactive);
}
