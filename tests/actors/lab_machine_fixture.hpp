#pragma once

#include "actors/lab_machine.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace stibium::test {

using actions = lab_machine::actions;
using state = lab_state_code;
using texts = std::vector<std::string>;

/// The actions of one kind, in order.
template <class Action>
std::vector<Action> all(const actions& list) {
  std::vector<Action> result;
  for (const auto& any : list)
    if (const auto* one = std::get_if<Action>(&any)) result.push_back(*one);
  return result;
}

/// Where the first action of a kind stands; the list's length when there is none.
template <class Action>
size_t position(const actions& list) {
  return static_cast<size_t>(
      std::ranges::find_if(list, [](const auto& any) { return std::holds_alternative<Action>(any); }) - list.begin());
}

/// "7: ok", "7: cancelled", ... in order.
inline std::vector<std::string> settled(const actions& list) {
  std::vector<std::string> result;
  for (const auto& one : all<lab_action::settle>(list))
    result.push_back(std::to_string(one.who) + ": " + (one.error ? to_string(one.error->code) : "ok"));
  return result;
}

/// A node that runs, unless said otherwise.
inline node_info a_node(std::string name, node_state how = node_state::running) {
  node_info result;
  result.name = std::move(name);
  result.kind = "linux";
  result.state = how;
  return result;
}

/// How a command ends.
inline command_outcome fine(std::vector<node_info> nodes = {a_node("n1"), a_node("n2")}) {
  return {{}, std::move(nodes)};
}
inline command_outcome failed(ec code, std::string text = "no such image") {
  return {refusal{code, std::move(text)}, {}};
}

/// A machine of lab "L1", whose topology text is its nodes' names.
struct machine_fixture {
  lab_file file{{"L1"}, "/labs/p.clab.yml", "my_ping lab", "net1", "c1", "id-alice", "alice", false, "n1 n2", {}, {}};
  lab_machine lab{file, false, "/run/L1",
                  [](const std::string& text) {
                    std::vector<std::string> names;
                    for (size_t at = 0; at < text.size(); at += 3) names.push_back(text.substr(at, 2));
                    return names;
                  },
                  [](time_point at) {
                    return int64_t{std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count()};
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
  stored_instance left(lab_state_code how) {
    return {{{"L1"}, "ping-1", "/run/L1", "n1 n2", "/labs/p.clab.yml"}, how, now};
  }

  void bring_to(lab_state_code wanted) {
    lab.resume({}, {}, now);
    if (wanted == lab_state_code::inactive) return;
    command(lab_verb::deploy);
    if (wanted == lab_state_code::deploying) return;
    ended(wanted == lab_state_code::failed ? failed(ec::runtime_failed)
                                           : fine({a_node("n1"), a_node("n2", node_state::exited)}));
    if (wanted == lab_state_code::stopping) command(lab_verb::destroy);
    last = 0;
  }
};

} // namespace stibium::test
