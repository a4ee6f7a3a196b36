#include "transport/runtime/containerlab/state.hpp"
#include "transport/runtime/docker/container_log.hpp"

#include <algorithm>

// The terminals and logs of the containerlab runtime.

namespace stibium::containerlab {

namespace {

constexpr auto open_deadline = std::chrono::seconds{30};

} // namespace

caf::result<terminal_actor> clab_state::open(const open_terminal& what) {
  const auto* entry = find(what.instance.name);
  if (!entry) return failure(ec::lab_not_running, "there is no instance " + what.instance.name);
  const auto found = entry->seen.find(what.node);
  if (found == entry->seen.end()) return failure(ec::node_not_found, "node \"" + what.node + "\" is not in the lab");
  const auto& node = found->second;
  if (!node.running()) return failure(ec::node_not_running, "node \"" + what.node + "\" is not running");
  const auto& how = how_.shells.method_for(node.kind);
  opening order{thread_,
                with_->engine.where(),
                how,
                node.container_id,
                node.ipv4.empty() ? node.ipv6 : node.ipv4,
                what.size,
                how_.host_keys,
                how_.known_hosts};
  if (how.via == runtime::shell_via::ssh && order.address.empty())
    return failure(ec::runtime_failed, "node \"" + what.node + "\" has no management address");
  auto answer = self->make_response_promise<terminal_actor>();
  opener_actor hand;
  try {
    hand = spawn(in_, placement::detached(), {"terminal opener", what.node, "", self->id()}, opener);
  } catch (const std::system_error& error) {
    answer.deliver(failure(ec::runtime_unavailable, error.what())); // no more threads
    return answer;
  }
  self->request(hand, open_deadline, std::move(order))
      .then(
          [this, answer, what, container = node.container_id](const opened_channel& made) mutable {
            auto actor = runtime::spawn_terminal(in_, thread_, what.instance.name + "/" + what.node, made, what.client);
            self->monitor(actor);
            auto* there = find(what.instance.name);
            const auto place = there ? there->seen.find(what.node) : lab_seen::iterator{};
            if (there && place != there->seen.end() && place->second.container_id == container &&
                place->second.running())
              there->terminals.add(what.node, actor);
            else
              caf::anon_send(actor, atom::close_v, std::string{"node stopped"});
            answer.deliver(terminal_actor{actor});
          },
          [answer](caf::error& error) mutable { answer.deliver(std::move(error)); });
  return answer;
}

caf::result<void> clab_state::follow(const follow_log& what) {
  auto* entry = find(what.instance.name);
  if (!entry) return failure(ec::lab_not_running, "there is no instance " + what.instance.name);
  if (!entry->seen.contains(what.node))
    return failure(ec::node_not_found, "node \"" + what.node + "\" is not in the lab");
  for (const auto& each : followers_)
    if (each.instance == what.instance.name && each.node == what.node && each.sink == what.sink) return caf::unit;
  self->monitor(what.sink);
  followers_.push_back({what.instance.name, what.node, "", what.sink, {}});
  start_following(followers_.back(), entry->seen.at(what.node).container_id);
  return caf::unit;
}

void clab_state::start_following(follower_entry& entry, const std::string& container) {
  entry.container = container;
  entry.actor = docker::spawn_container_log(in_, *thread_, with_->engine.where(), container, entry.sink);
  self->monitor(entry.actor);
}

/// A node that has a new container goes on in the same log; one that has started is looked at now.
void clab_state::follow_again(const std::string& instance, const instance_entry& entry) {
  for (auto& each : followers_) {
    if (each.instance != instance) continue;
    const auto node = entry.seen.find(each.node);
    if (node == entry.seen.end() || node->second.state == "removed") continue;
    if (each.container != node->second.container_id)
      start_following(each, node->second.container_id); // the one before ends by itself, with its container
    else if (each.actor && node->second.running())
      caf::anon_send(each.actor, runtime::follower_signal::look);
  }
}

void clab_state::end_followers(const std::string& instance) {
  std::erase_if(followers_, [&](const follower_entry& each) {
    if (each.instance != instance) return false;
    if (each.actor) caf::anon_send(each.actor, runtime::follower_signal::finish);
    return true;
  });
}

void clab_state::drop(const caf::actor_addr& who) {
  std::erase_if(followers_, [&](const follower_entry& each) { return each.sink.address() == who; });
  for (auto& each : followers_)
    if (each.actor && each.actor.address() == who) each.actor = nullptr;
  for (auto& [name, entry] : instances_) entry.terminals.drop(who);
}

} // namespace stibium::containerlab
