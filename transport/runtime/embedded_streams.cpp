#include "transport/runtime/embedded_state.hpp"
#include "transport/runtime/log_file.hpp"

#include <algorithm>

// The terminals and logs of the embedded runtime.

namespace stibium::runtime {

namespace {

// How often the logs of nodes are looked at; a node can write some 1000 MB per second.
constexpr std::chrono::milliseconds tick_when_quiet{200}, tick_when_busy{20};
constexpr auto open_deadline = std::chrono::seconds{30};

} // namespace

std::chrono::milliseconds embedded_state::tick() {
  bool busy = false;
  for (const auto& [name, instance] : instances_)
    for (const auto& node : instance.nodes)
      if (node.process) busy |= bound_log(instance.record.file_of(node.kept.name, "log"));
  return busy ? tick_when_busy : tick_when_quiet;
}

caf::result<terminal_actor> embedded_state::open(const open_terminal& what) {
  auto* instance = find(what.instance.name);
  if (!instance) return failure(ec::lab_not_running, "there is no instance " + what.instance.name);
  const auto* node = find(*instance, what.node);
  if (!node) return failure(ec::node_not_found, "node \"" + what.node + "\" is not in the lab");
  if (!node->process) return failure(ec::node_not_running, "node \"" + what.node + "\" is not running");
  const auto plan = topology::read_topology(instance->record.topology);
  const auto* planned = plan.value ? plan.value->find_node(what.node) : nullptr;
  const auto process = *node->process;
  opening order{shell_program(*box_, planned ? *planned : topology::node{}, process.init), what.size};
  auto answer = self->make_response_promise<terminal_actor>();
  const auto hand = spawn(in_, placement::pool(), {"terminal opener", what.node, "", self->id()}, opener);
  self->request(hand, open_deadline, std::move(order))
      .then(
          [this, answer, what, process](const opened_program& made) mutable {
            auto channel = make_pty_channel(thread_->context(), std::move(*made), watch_process(process.outer));
            auto actor =
                spawn_terminal(in_, thread_, what.instance.name + "/" + what.node, std::move(channel), what.client);
            self->monitor(actor);
            auto* there = find(what.instance.name);
            auto* place = there ? find(*there, what.node) : nullptr;
            if (place && place->process == process)
              there->terminals.add(what.node, actor);
            else
              caf::anon_send(actor, atom::close_v, std::string{"node stopped"});
            answer.deliver(terminal_actor{actor});
          },
          [answer](caf::error& error) mutable { answer.deliver(std::move(error)); });
  return answer;
}

caf::result<void> embedded_state::follow(const follow_log& what) {
  auto* instance = find(what.instance.name);
  if (!instance) return failure(ec::lab_not_running, "there is no instance " + what.instance.name);
  if (!find(*instance, what.node)) return failure(ec::node_not_found, "node \"" + what.node + "\" is not in the lab");
  for (const auto& each : followers_)
    if (each.instance == what.instance.name && each.node == what.node && each.sink == what.sink) return caf::unit;
  auto actor = spawn_log_follower(in_, *thread_, instance->record.file_of(what.node, "log"), what.sink);
  self->monitor(actor);
  followers_.push_back({what.instance.name, what.node, what.sink, actor});
  return caf::unit;
}

void embedded_state::drop(const caf::actor_addr& who) {
  std::erase_if(followers_, [&](const follower_entry& each) { return each.actor.address() == who; });
  for (auto& [name, instance] : instances_) instance.terminals.drop(who);
}

} // namespace stibium::runtime
