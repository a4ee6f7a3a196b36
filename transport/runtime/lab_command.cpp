#include "transport/runtime/lab_command.hpp"

#include "actors/error.hpp"
#include "transport/runtime/plan.hpp"

#include <filesystem>
namespace stibium::runtime {

namespace fs = std::filesystem;

namespace {

// Exit codes with which `env` says that it cannot run a program.
constexpr int cannot_execute = 126, not_found = 127;

// Whether the namespaces of a record can be reached from here.
bool within_reach(const sandbox& box, const instance_record& record) {
  return record.isolation == to_string(box.how()) &&
         (record.holder == box.holder() || box.how() != isolation::user_namespace);
}

// Ends all nodes, at once and together.
caf::error end_nodes(const lab_work& work) {
  const auto& nodes = work.record.nodes;
  for (const auto& node : nodes)
    if (const auto process = read_process(work.record, node.name)) kill_process(work.record, *process);
  for (const auto& node : nodes) {
    const auto process = read_process(work.record, node.name);
    if (!process) continue;
    if (auto error = stop_process(work, node, *process, true)) return error;
    work.log.info("Removed node name=" + container_name(work.record.name, node.name));
  }
  return {};
}

// A program that could not be started after all has ended by now, or will be seen to end.
caf::error check_programs(const lab_work& work) {
  for (const auto& node : work.record.nodes) {
    const auto code = read_exit_code(work.record, node.name);
    if (code == cannot_execute || code == not_found)
      return failure(ec::runtime_failed,
                     "node \"" + node.name + "\" cmd ended at once (exit code " + std::to_string(*code) + ")");
  }
  return {};
}

caf::error start_all(const lab_work& work, const lab_reports& reports) {
  std::vector<node_process> started;
  for (const auto& node : work.record.nodes) {
    work.log.info("Creating node name=" + node.name);
    auto process = start_node(work, node);
    if (!process) return std::move(process.error());
    started.push_back(*process);
    reports.up(node.name, *process);
  }
  for (size_t i = 0; i < started.size(); ++i)
    if (auto error = run_exec(work, work.record.nodes[i], started[i])) return error;
  return check_programs(work);
}

caf::error make_all(const lab_work& work, const lab_reports& reports) {
  std::error_code code;
  fs::create_directories(work.record.home(), code);
  fs::permissions(work.record.home(), fs::perms::owner_all, code);
  if (!save(work.record)) return failure(ec::runtime_failed, work.record.home() + "/state.json cannot be written");
  if (auto error = write_files(work)) return error;
  reports.known(work.record);
  work.log.info("Creating network namespaces count=" + std::to_string(work.record.nodes.size()));
  if (auto error = make_networks(work)) return error;
  if (auto error = make_links(work)) return error;
  return start_all(work, reports);
}

lab_outcome deploy(const lab_command_task& task, const lab_log& log) {
  const auto& instance = task.command.instance;
  log.info("Embedded runtime: " + task.box->detail());
  lab_outcome outcome;
  outcome.there = task.record.has_value();
  auto plan = read_plan(instance, *task.box, log);
  if (!plan) return outcome.error = std::move(plan.error()), outcome;
  if (task.record) {
    log.info("Removing the instance that is there name=" + instance.name);
    task.reports.removing();
    if (auto error = remove_instance(*task.box, *task.record, log)) return outcome.error = std::move(error), outcome;
  }
  auto record = make_record(instance, *plan, *task.box, task.name_space);
  const lab_work work{*task.box, *task.stop, log, std::move(record), std::move(*plan), task.grace};
  const auto begun = std::chrono::steady_clock::now();
  outcome.error = make_all(work, task.reports);
  outcome.there = !outcome.error;
  if (!outcome.error) {
    outcome.addresses = read_addresses(work);
    const auto took = std::chrono::steady_clock::now() - begun;
    log.info("Lab is running name=" + work.record.name + " nodes=" + std::to_string(work.record.nodes.size()) +
             " ms=" + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
    return outcome;
  }
  task.reports.removing();
  if (auto error = remove_instance(*task.box, work.record, log)) {
    log.error("Cleaning up: " + message_of(error));
    outcome.there = true;
  }
  return outcome;
}

lab_outcome destroy(const lab_command_task& task, const lab_log& log) {
  lab_outcome outcome;
  log.info("Destroying lab name=" + task.command.instance.name);
  if (!task.record) return log.info("Nothing is there name=" + task.command.instance.name), outcome;
  task.reports.removing();
  outcome.error = remove_instance(*task.box, *task.record, log);
  outcome.there = !!outcome.error;
  if (!outcome.error) log.info("Lab is destroyed name=" + task.command.instance.name);
  return outcome;
}

caf::error stop_node(const lab_work& work, const node_record& node, const node_process& process) {
  work.log.info("Stopping node name=" + node.name);
  if (auto error = stop_process(work, node, process, false)) return error;
  // Its links stay, but as those of a machine that is off.
  return reset_network(work, node);
}

caf::error start_again(const lab_work& work, const node_record& node, const lab_reports& reports) {
  work.log.info("Starting node name=" + node.name);
  if (auto error = reset_network(work, node)) return error;
  auto process = start_node(work, node);
  if (!process) return std::move(process.error());
  reports.up(node.name, *process);
  for (const auto& name : node.interfaces) work.log.info("Restored link node=" + node.name + " interface=" + name);
  return run_exec(work, node, *process);
}

lab_outcome node_command(const lab_command_task& task, const lab_log& log) {
  const auto& command = task.command;
  lab_outcome outcome;
  outcome.there = task.record.has_value();
  const auto failed = [&](ec what, std::string text) {
    return outcome.error = failure(what, std::move(text)), outcome;
  };
  if (!task.record) return failed(ec::lab_not_running, "there is no instance " + command.instance.name);
  const auto* node = task.record->find(command.node);
  if (!node) return failed(ec::node_not_found, "node \"" + command.node + "\" is not in the lab");
  if (!within_reach(*task.box, *task.record))
    return failed(ec::runtime_failed,
                  "the lab was deployed in another way (" + task.record->isolation + "): redeploy it");
  auto reading = topology::read_topology(task.record->topology);
  if (!reading.value) return failed(ec::runtime_failed, "the lab's topology cannot be read any more");
  const lab_work work{*task.box, *task.stop, log, *task.record, std::move(*reading.value), task.grace};
  const auto process = read_process(work.record, node->name);
  const bool runs = process && find_process(process->outer.pid) == process->outer;
  if (command.verb == lab_verb::stop_node && !runs)
    return failed(ec::node_not_running, "node \"" + node->name + "\" is not running");
  if (command.verb == lab_verb::start_node && runs)
    return failed(ec::node_running, "node \"" + node->name + "\" is running");
  if (command.verb != lab_verb::start_node && runs) outcome.error = stop_node(work, *node, *process);
  if (command.verb != lab_verb::stop_node && !outcome.error) outcome.error = start_again(work, *node, task.reports);
  outcome.addresses = read_addresses(work);
  return outcome;
}

} // namespace

std::string container_name(const std::string& instance, const std::string& node) {
  return "clab-" + instance + "-" + node;
}

std::string container_id(const std::string& instance, const std::string& node) {
  return sha256_hex(instance + "/" + node);
}

caf::error remove_instance(const sandbox& box, const instance_record& record, const lab_log& log) {
  if (record.isolation == to_string(isolation::root) && box.how() != isolation::root)
    return failure(ec::runtime_failed, "the lab was deployed as root, only root can remove it");
  const interrupter never;
  const lab_work work{box, never, log, record, {}, std::chrono::milliseconds{0}};
  if (auto error = end_nodes(work)) return error;
  // The namespaces of a user namespace that is gone are gone with it.
  if (within_reach(box, record))
    if (auto error = remove_networks(work)) return error;
  if (const auto code = remove_files(record)) return failure(ec::runtime_failed, record.home() + ": " + code.message());
  return {};
}

lab_outcome carry_out(const lab_command_task& task) {
  const lab_log log{task.command.log};
  lab_outcome outcome;
  switch (task.command.verb) {
  case lab_verb::deploy: outcome = deploy(task, log); break;
  case lab_verb::destroy: outcome = destroy(task, log); break;
  case lab_verb::stop_node:
  case lab_verb::start_node:
  case lab_verb::restart_node: outcome = node_command(task, log); break;
  }
  if (outcome.error) log.error(message_of(outcome.error));
  return outcome;
}

} // namespace stibium::runtime
