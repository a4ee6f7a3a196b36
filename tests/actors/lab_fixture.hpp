#pragma once

#include "actors/lab.hpp"
#include "tests/actors/fixture.hpp"

namespace stibium::test {

using state = lab_state_code;
using texts = std::vector<std::string>;

/// A lab "L1" of two nodes on stand-ins; the supervisor holds its commands.
struct lab_fixture : actor_fixture {
  lab_fixture() {
    file = {{"L1"}, "/labs/ping.clab.yml", "ping", "net1", "c1", "id-alice", "alice", false, topology_text, {}, {}};
    commands->hold = true;
  }

  void make(std::optional<stored_instance> left = {}, std::vector<journal_entry> cut_off = {}) {
    lab_setup setup{world, file, left.has_value(), left, std::move(cut_off)};
    subject = actor_fixture::spawn(lab, std::move(setup));
    run();
  }
  void deployed() {
    make();
    order(lab_verb::deploy);
    commands->finish({node("n1"), node("n2", node_state::exited)});
    run();
  }
  std::shared_ptr<ending> order(lab_verb verb, std::string on = {}) {
    return begin(subject, lab_command{verb, std::move(on), user("bob"), false});
  }
  void event(node_info what, std::string text = {}) {
    begin(subject, node_event{directory->views["L1"].instance, std::move(what), std::move(text)});
  }
  stored_instance left(lab_state_code how) {
    return {{{"L1"}, "ping-1", "/run/L1", topology_text, "/labs/p"}, how, now() - std::chrono::hours{1}};
  }
  lab_state_code view() const { return directory->views.at("L1").state; }
  bool logged(const std::string& text) const {
    for (const auto& line : spool->stored.lines)
      if (line.find(text) != std::string::npos) return true;
    return false;
  }
  bool told(severity level, const std::string& text) const {
    for (const auto& msg : bulletin->messages)
      if (msg.level == level && msg.content.find(text) != std::string::npos) return true;
    return false;
  }

  static constexpr auto topology_text =
      "name: ping\ntopology:\n  nodes:\n    n1:\n      kind: linux\n    n2:\n      kind: "
      "linux\n";
  lab_file file;
  lab_actor subject;
};

} // namespace stibium::test
