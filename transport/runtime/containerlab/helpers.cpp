#include "transport/runtime/containerlab/messages.hpp"
#include "transport/runtime/docker/exec_channel.hpp"

#include <caf/all.hpp>

#include <set>

namespace stibium::containerlab {

namespace {

const std::vector<std::string> events_arguments{"events", "--format", "json", "--initial-state"};

} // namespace

survey look_around(tools with, uint64_t begun, bool thorough) {
  survey found;
  found.begun = begun;
  const auto version = with.clab.version();
  if (!version) return found.trouble = version.error(), found;
  found.version = *version;
  const auto docker = with.engine.version();
  if (!docker) return found.trouble = docker.error(), found;
  found.docker = docker->version;
  auto labs = look_at_all(with.engine, with.run_root());
  if (!labs) return found.trouble = std::move(labs.error()), found;
  found.labs = std::move(*labs);
  for (const auto& [name, nodes] : found.labs) {
    const auto& topology = nodes.begin()->second.topology;
    found.memories[name] = load_memory({topology.substr(0, topology.rfind('/')), name});
  }
  if (!thorough) return found;
  const auto all = with.clab.inspect();
  if (!all) return found.trouble = all.error(), found;
  std::set<std::string> others;
  for (const auto& node : *all)
    if (!found.labs.contains(node.lab)) others.insert(node.lab);
  found.others = others.size();
  return found;
}

helper_actor::behavior_type helper(helper_actor::pointer self) {
  return {
      [self](const command_order& order) {
        caf::anon_send(order.boss, command_done{order.task.command.instance.name, carry_out(order.with, order.task)});
        self->quit();
      },
      [self](const heal_order& order) {
        caf::anon_send(order.boss, heal_done{order.task.instance.name, heal(order.with, order.task)});
        self->quit();
      },
      [self](const survey_order& order) {
        caf::anon_send(order.boss, look_around(order.with, order.begun, order.thorough));
        self->quit();
      },
      [self](const events_order& order) {
        auto why = order.with.clab.stream(
            events_arguments,
            [&](std::string_view line) {
              if (auto event = read_event(line)) caf::anon_send(order.boss, std::move(*event));
            },
            *order.stop);
        caf::anon_send(order.boss, events_over{std::move(why)});
        self->quit();
      }};
}

opener_actor::behavior_type opener(opener_actor::pointer self) {
  return {[self](const opening& what) -> caf::result<opened_channel> {
    self->quit();
    caf::expected<opened_channel> made{caf::error{}};
    if (what.how.via == runtime::shell_via::ssh) {
      auto login = runtime::ssh_login(what.how, what.address, what.size);
      login.policy = what.policy;
      login.known_hosts = what.known_hosts;
      made = runtime::open_ssh(*what.thread, login);
    } else {
      made = docker::open_exec(*what.thread, what.where,
                               {what.container, runtime::exec_command(what.how), {}, what.size, what.how.user, ""});
    }
    if (!made) return std::move(made.error());
    return std::move(*made);
  }};
}

} // namespace stibium::containerlab
