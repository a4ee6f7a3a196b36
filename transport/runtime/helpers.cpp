#include "actors/error.hpp"
#include "transport/runtime/command_line.hpp"
#include "transport/runtime/embedded_messages.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <csignal>
#include <sys/wait.h>

namespace stibium::runtime {

namespace {

// A program that nobody has taken over, because the runtime ended meanwhile, ends too.
void discard(pty_program* unused) {
  if (unused->process.pidfd) {
    ::kill(-unused->process.pid, SIGKILL);
    ::waitpid(unused->process.pid, nullptr, 0);
  }
  delete unused;
}

// What a shell expects to find, unless the node's `env` says otherwise.
void add_default(std::vector<std::string>& environment, const std::string& key, const std::string& value) {
  const auto there = std::any_of(environment.begin(), environment.end(),
                                 [&](const std::string& each) { return each.starts_with(key + "="); });
  if (!there) environment.push_back(key + "=" + value);
}

} // namespace

worker_actor::behavior_type worker(worker_actor::pointer self) {
  return {[self](const work_order& order) {
    auto task = order.task;
    const auto& boss = order.boss;
    const auto instance = task.command.instance.name;
    task.reports.known = [&](const instance_record& record) { caf::anon_send(boss, instance_made{record}); };
    task.reports.removing = [&] { caf::anon_send(boss, instance_ending{instance}); };
    task.reports.up = [&](const std::string& node, const node_process& process) {
      caf::anon_send(boss, node_started{instance, node, process});
    };
    lab_outcome outcome;
    try {
      outcome = carry_out(task);
    } catch (const std::exception& error) { // out of memory, a file system that plays tricks
      outcome.error = failure(ec::internal, error.what());
      outcome.there = true; // whatever is left can be destroyed
    }
    caf::anon_send(boss, command_ended{instance, std::move(outcome)});
    self->quit();
  }};
}

opener_actor::behavior_type opener(opener_actor::pointer self) {
  return {[self](const opening& order) -> caf::result<opened_program> {
    self->quit();
    auto made = start_in_pty(order.what, order.size);
    if (!made) return std::move(made.error());
    return opened_program{new pty_program(std::move(*made)), discard};
  }};
}

program shell_program(const sandbox& box, const topology::node& node, process_id init) {
  auto environment = node_environment(node);
  add_default(environment, "TERM", "xterm-256color");
  add_default(environment, "LANG", "C.UTF-8"); // or else the shell edits bytes, not characters
  add_default(environment, "HISTFILE", "");    // the host user's history is not this node's
  const auto bash = find_executable("bash");
  std::vector<std::string> shell{bash, "--noprofile", "--norc", "-i"};
  if (bash.empty()) shell = {box.tool("sh"), "-i"};
  add_default(environment, "SHELL", shell.front());
  add_default(environment, "PS1", bash.empty() ? node.name + ":$PWD$ " : "\\u@" + node.name + ":\\w\\$ ");
  std::vector<std::string> argv{box.tool("setsid"), "--ctty", "--wait", box.tool("env"), "-i", "--"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.insert(argv.end(), shell.begin(), shell.end());
  return box.in_node(init, std::move(argv));
}

} // namespace stibium::runtime
