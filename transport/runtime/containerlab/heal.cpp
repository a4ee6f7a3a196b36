#include "transport/runtime/containerlab/heal.hpp"

#include "actors/error.hpp"
#include "transport/runtime/command_line.hpp"

#include <algorithm>
#include <filesystem>

namespace stibium::containerlab {

namespace {

constexpr std::chrono::seconds exec_deadline{30};

class healing {
public:
  healing(const tools& with, const heal_task& task)
      : with_(with)
      , task_(task)
      , files_{task.instance.folder, task.instance.name}
      , log_(log_to(task.log)) {}

  heal_outcome go() {
    outcome_.memory = task_.memory;
    outcome_.error = work();
    if (outcome_.error && outcome_.error != ec::runtime_unavailable)
      log_(runtime::log_line("ERRO", "Repairing: " + message_of(outcome_.error)));
    if (outcome_.known) save_memory(files_, outcome_.memory);
    return std::move(outcome_);
  }

private:
  caf::error work() {
    if (auto error = look()) return error;
    auto settled = settle(task_.memory, outcome_.seen);
    right_ = std::move(settled.memory);
    outcome_.patients = diagnose(right_, outcome_.seen);
    for (const auto& [name, node] : outcome_.seen)
      if (node.state == "restarting") outcome_.restarting.push_back(name);
    if (auto reading = topology::read_topology(task_.instance.topology); reading.value)
      plan_ = std::move(*reading.value);
    auto lost = look_for_missing(right_);
    for (const auto& end : task_.given_up) lost.erase(end);
    if (outcome_.patients.empty() && !task_.links_lost && !settled.links_lost && lost.empty()) {
      outcome_.memory = right_;
      return {};
    }
    return repair(lost);
  }

  // Interfaces that somebody has removed, perhaps while nobody listened.
  std::set<link_end> look_for_missing(const lab_memory& memory) {
    outcome_.missing = missing_ends(links_of(plan_), memory, outcome_.seen);
    return outcome_.missing;
  }

  // What is right is remembered once all of it is done: an unfinished repair is begun again.
  caf::error repair(const std::set<link_end>& lost) {
    if (plan_.nodes.empty())
      log_(runtime::log_line("WARN", "The topology is not understood here: exec lines are not run again"));
    if (!std::filesystem::exists(files_.topology()))
      if (auto error = write_topology(task_.instance)) return error;
    const auto before = outcome_.seen;
    for (const auto& each : outcome_.patients)
      log_(runtime::log_line("INFO", "Repairing node name=" + each.node + " reason=" + to_string(each.what)));
    for (const auto& [node, interface] : lost)
      log_(runtime::log_line("INFO", "Repairing link name=" + node + ":" + interface + " reason=missing"));
    drop_what_is_parked();
    if (auto error = start_what_is_down()) return error;
    auto result =
        with_.clab.run({"deploy", "-t", files_.topology()}, files_.folder, log_, *task_.stop, command_deadline, false);
    if (result.error) return std::move(result.error);
    if (auto error = look()) return error;
    outcome_.memory = remember(outcome_.seen);
    run_exec_lines(before, result.said);
    stop_again();
    look_for_missing(outcome_.memory);
    for (const auto& [node, interface] : outcome_.missing)
      log_(runtime::log_line("WARN", "Link is still missing name=" + node + ":" + interface));
    outcome_.repaired = !outcome_.patients.empty() || !result.said.linked().empty();
    for (const auto& each : outcome_.patients)
      outcome_.told[each.node] = describe_repair(each, running_peers(each.node));
    if (outcome_.patients.empty())
      for (const auto& node : result.said.linked()) outcome_.told[node] = "node " + node + " has its lost links again";
    return {};
  }

  std::set<std::string> running_peers(const std::string& node) const {
    auto peers = peers_of(plan_, node);
    std::erase_if(peers, [&](const auto& peer) {
      const auto seen = outcome_.seen.find(peer);
      return seen == outcome_.seen.end() || !seen->second.running();
    });
    return peers;
  }

  caf::error look() {
    auto engine = with_.engine;
    auto seen = look_at(engine, with_.run_root(), task_.instance.name);
    if (!seen) return std::move(seen.error());
    outcome_.seen = std::move(*seen);
    outcome_.known = true;
    return {};
  }

  // Where links are still parked for a node that is to run, a command was interrupted. Deploy makes them anew.
  void drop_what_is_parked() {
    for (const auto& [name, right] : right_)
      if (const auto now = outcome_.seen.find(name);
          now != outcome_.seen.end() && (!right.stopped || now->second.running()))
        drop_parked_links(now->second.container_name);
  }

  // Docker does not start by itself what was killed by way of Docker.
  caf::error start_what_is_down() {
    auto engine = with_.engine;
    for (const auto& each : outcome_.patients) {
      if (each.what != ailment::down) continue;
      if (auto error = engine.start(outcome_.seen.at(each.node).container_id)) return error;
      log_(runtime::log_line("INFO", "Started node name=" + each.node));
    }
    return {};
  }

  // containerlab runs the lines of the nodes that it creates or starts itself, and no others.
  void run_exec_lines(const lab_seen& before, const output_reader& said) {
    std::set<std::string> whom = said.linked();
    for (const auto& each : outcome_.patients) {
      whom.insert(each.node);
      whom.merge(peers_of(plan_, each.node));
    }
    for (const auto& node : plan_.nodes) {
      const auto now = outcome_.seen.find(node.name);
      if (!whom.contains(node.name) || said.executed().contains(node.name)) continue;
      if (now == outcome_.seen.end() || !now->second.running()) continue;
      const auto then = before.find(node.name);
      if (then == before.end() || then->second.container_id != now->second.container_id) continue; // created
      for (const auto& line : node.exec) run_exec_line(now->second, line);
    }
  }

  void run_exec_line(const node_seen& node, const std::string& line) {
    const auto words = runtime::split_words(line);
    const auto about = "node=" + node.node + " command=" + runtime::in_quotes(line);
    if (!words || words->empty() || task_.stop->interrupted()) return;
    auto engine = with_.engine;
    const auto result = engine.run(node.container_id, *words, {}, exec_deadline);
    if (!result)
      log_(runtime::log_line("ERRO", "Failed to execute command " + about +
                                         " err=" + runtime::in_quotes(message_of(result.error()))));
    else if (result->exit_code == 0)
      log_(runtime::log_line("INFO", "Executed command " + about + " stdout=" + runtime::in_quotes(result->output)));
    else
      // A node that has kept some of its interfaces has kept their addresses too.
      log_(runtime::log_line("WARN", "Command failed " + about + " rc=" + std::to_string(result->exit_code) +
                                         " output=" + runtime::in_quotes(result->output)));
  }

  // deploy starts every node that does not run.
  void stop_again() {
    for (const auto& [name, right] : right_) {
      const auto now = outcome_.seen.find(name);
      const bool patient = std::any_of(outcome_.patients.begin(), outcome_.patients.end(),
                                       [&, &node = name](const auto& each) { return each.node == node; });
      if (!right.stopped || patient || now == outcome_.seen.end()) continue;
      if (now->second.running()) {
        log_(runtime::log_line("INFO", "Stopping node again, as before name=" + name));
        stop_node(now->second);
      }
      if (look()) return;
      auto& memory = outcome_.memory[name];
      memory.relink = true; // it may have had links to what was repaired
      remember_node(outcome_.memory, outcome_.seen, name, !outcome_.seen[name].running());
    }
  }

  void stop_node(const node_seen& node) {
    auto engine = with_.engine;
    caf::error error;
    if (with_.version.has_node_commands())
      error = node_command(with_, files_, "stop", node.node, log_, *task_.stop).error;
    else
      error = engine.stop(node.container_id, with_.grace);
    if (error) log_(runtime::log_line("WARN", "Stopping node name=" + node.node + ": " + message_of(error)));
  }

  const tools& with_;
  const heal_task& task_;
  instance_files files_;
  line_sink log_;
  topology::definition plan_;
  lab_memory right_; ///< as it ought to be
  heal_outcome outcome_;
};

} // namespace

heal_outcome heal(const tools& with, const heal_task& task) { return healing{with, task}.go(); }

std::vector<lab_link> links_of(const topology::definition& plan) {
  std::vector<lab_link> result;
  for (const auto& link : plan.links) {
    auto& ends = result.emplace_back();
    for (const auto& end : link.ends) ends.emplace_back(end.node, end.interface);
  }
  return result;
}

std::set<std::string> peers_of(const topology::definition& plan, const std::string& node) {
  std::set<std::string> result;
  for (const auto& link : plan.links) {
    const bool mine =
        std::any_of(link.ends.begin(), link.ends.end(), [&](const auto& end) { return end.node == node; });
    if (!mine) continue;
    for (const auto& end : link.ends)
      if (end.node != node) result.insert(end.node);
  }
  return result;
}

std::string describe_repair(const patient& who, const std::set<std::string>& peers) {
  std::string what;
  switch (who.what) {
  case ailment::removed: what = "its container had been removed; it is made again"; break;
  case ailment::down: what = "it had been killed; it is started again"; break;
  case ailment::restarted: what = "it had restarted without its links"; break;
  }
  std::string text = "node " + who.node + " is repaired: " + what;
  if (peers.empty()) return text;
  text += "; links to";
  for (const auto& peer : peers) text += (peer == *peers.begin() ? " " : ", ") + peer;
  return text + " and addresses are back";
}

} // namespace stibium::containerlab
