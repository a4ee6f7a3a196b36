#include "transport/runtime/containerlab/state.hpp"

#include "protocol/topology/topology.hpp"
#include "transport/runtime/commands.hpp"

#include <algorithm>

namespace stibium::containerlab {

using runtime::is_node_command;

clab_state::~clab_state() {
  const auto over = failure(ec::shutting_down, "the runtime ends");
  for (auto& [name, slot] : work_) {
    slot.stop->interrupt(); // a deploy cleans up, then its thread ends
    if (slot.now) slot.now->answer.deliver(over);
    slot.next.refuse(over);
  }
  for (auto& [name, entry] : instances_) entry.terminals.close("", "the service ends");
  for (const auto& each : followers_)
    if (each.actor) caf::anon_send_exit(each.actor, caf::exit_reason::user_shutdown);
  if (stream_stop_) stream_stop_->interrupt();
  if (docker_events_) caf::anon_send(docker_events_, docker::events_signal::finish);
}

void clab_state::begin(nursery in, io::io_thread* thread, options how, tools with, const survey& first) {
  in_ = std::move(in);
  thread_ = thread;
  how_ = std::move(how);
  with_ = std::move(with);
  surveying_ = true;
  take(first);
}

// -- commands ---------------------------------------------------------------------------------------------------------

caf::result<instance_status> clab_state::command(const runtime_command& what) {
  auto answer = self->make_response_promise<instance_status>();
  const auto& name = what.instance.name;
  if (!is_ours(instance_files{what.instance.folder, name}.topology(), name, how_.run_root)) {
    answer.deliver(failure(ec::invalid_request, "instance " + name + " does not lie in " + how_.run_root));
    return answer;
  }
  auto& slot = work_[name];
  if (!slot.stop) {
    slot.now = runtime::pending_command{what, answer};
    launch(name, slot);
  } else if (slot.next.push({what, answer}) && !slot.now && !is_node_command(what.verb)) {
    slot.stop->interrupt(); // nothing that is worth repairing any more
  }
  return answer;
}

void clab_state::launch(const std::string& instance, running_work& slot) {
  const auto& what = slot.now->what;
  slot.stop = std::make_shared<runtime::interrupter>();
  auto* entry = find(instance);
  if (!entry && what.verb == lab_verb::deploy) entry = &instances_[instance];
  if (entry) {
    if (what.verb == lab_verb::deploy) place(*entry, what.instance);
    if (what.observer) entry->observer = what.observer;
    if (what.log) entry->log = what.log;
    begin_work(*entry, is_node_command(what.verb));
    entry->terminals.close_for(what);
  }
  if (what.verb == lab_verb::deploy) end_followers(instance); // those of an instance that was there before
  clab_task task{what, entry ? entry->memory : lab_memory{}, slot.stop};
  if (help("runtime command", instance, command_order{*with_, std::move(task), clab_actor{self}})) return;
  command_done none{instance, {}};
  none.outcome.error = failure(ec::runtime_unavailable, "there are no more threads");
  caf::anon_send(clab_actor{self}, std::move(none));
}

/// What was to be looked at is done by the command itself, or put off.
void clab_state::begin_work(instance_entry& entry, bool on_node) {
  entry.patience.reset();
  entry.look_again = on_node && (entry.look_again || entry.check != 0);
  entry.links_lost &= on_node;
  if (!on_node) {
    entry.missing.clear();
    entry.given_up.clear();
  }
  entry.check = 0;
  touch(entry);
}

void clab_state::cancel(const std::string& instance) {
  const auto at = work_.find(instance);
  if (at == work_.end()) return;
  at->second.stop->interrupt();
  at->second.next.refuse(failure(ec::cancelled, "cancelled"));
}

void clab_state::done(const command_done& news) {
  const auto at = work_.find(news.instance);
  if (at == work_.end() || !at->second.now) return;
  auto command = std::move(*at->second.now);
  at->second.now.reset();
  auto* entry = find(news.instance);
  if (news.outcome.error == ec::runtime_unavailable) look_around_soon();
  if (entry && news.outcome.known) {
    entry->memory = news.outcome.memory;
    if (news.outcome.seen.empty())
      leave(news.instance);
    else
      update(*entry, news.instance, news.outcome.seen, false);
  } else if (entry && entry->seen.empty()) {
    leave(news.instance); // nothing was made
  } else if (entry && !news.outcome.memory.empty()) {
    entry->memory = news.outcome.memory;
  }
  if (news.outcome.error)
    command.answer.deliver(news.outcome.error);
  else
    command.answer.deliver(status_of(news.instance));
  if ((entry = find(news.instance))) {
    entry->worked_on = clock::now();
    touch(*entry);
    if ((news.outcome.error && is_node_command(command.what.verb)) || is_unsettled(entry->memory))
      entry->look_again = true;
  }
  go_on(news.instance);
}

/// The next command, or a look that has been put off.
void clab_state::go_on(const std::string& instance) {
  const auto at = work_.find(instance);
  auto& slot = at->second;
  if (!slot.next.empty()) {
    slot.now = slot.next.pop();
    return launch(instance, slot);
  }
  work_.erase(at);
  auto* entry = find(instance);
  if (entry && std::exchange(entry->look_again, false)) schedule(*entry, instance, false);
}

/// Whether what happens to a node now is the doing of a command, or of a repair.
bool clab_state::told_to(const std::string& instance, const std::string& node) const {
  const auto at = work_.find(instance);
  if (at == work_.end()) return false;
  const auto& now = at->second.now;
  return !now || !is_node_command(now->what.verb) || now->what.node == node;
}

// -- repairs ----------------------------------------------------------------------------------------------------------

void clab_state::check(const check_due& news) {
  auto* entry = find(news.instance);
  if (!entry || entry->check != news.number) return;
  entry->check = 0;
  if (!entry->where || !health_.ready) return; // looked at when it is taken back, or when Docker is
  const auto repairs = std::ranges::count_if(work_, [](const auto& each) { return !each.second.now; });
  if (work_.contains(news.instance)) {
    entry->look_again = true;
  } else if (repairs >= max_repairs) { // all labs are down when Docker was
    entry->check = ++checks_;
    self->delayed_send(self, damper::first_pause, check_due{news.instance, entry->check});
  } else {
    launch_heal(news.instance, *entry);
  }
}

void clab_state::launch_heal(const std::string& instance, instance_entry& entry) {
  auto& slot = work_[instance];
  slot.stop = std::make_shared<runtime::interrupter>();
  touch(entry);
  slot.links_lost = std::exchange(entry.links_lost, false);
  heal_task task{*entry.where, entry.memory, slot.links_lost, entry.given_up, entry.log, slot.stop};
  if (help("repair", instance, heal_order{*with_, std::move(task), clab_actor{self}})) return;
  const bool links_lost = slot.links_lost;
  work_.erase(instance);
  schedule(entry, instance, links_lost);
}

void clab_state::done(const heal_done& news) {
  const auto at = work_.find(news.instance);
  auto* entry = find(news.instance);
  if (at == work_.end() || at->second.now || !entry) return;
  const auto& outcome = news.outcome;
  const bool failed = outcome.error && outcome.error != ec::cancelled;
  std::set<std::string> troubled{outcome.restarting.begin(), outcome.restarting.end()};
  for (const auto& each : outcome.patients) troubled.insert(each.node);
  for (const auto& [node, what] : outcome.told) troubled.insert(node);
  if (!troubled.empty() || failed || at->second.links_lost) entry->patience.tried(clock::now());
  if (!troubled.empty()) entry->patients = std::move(troubled);
  if (outcome.known) {
    entry->memory = outcome.memory;
    if (!outcome.error) entry->given_up = outcome.missing;
    update(*entry, news.instance, outcome.seen, false);
    for (const auto& [node, what] : outcome.told)
      if (const auto seen = entry->seen.find(node); seen != entry->seen.end())
        tell(*entry, news.instance, seen->second.info(), what);
  }
  const auto trouble = failed ? message_of(outcome.error) : std::string{};
  if (failed && entry->trouble != trouble)
    for (const auto& each : outcome.patients)
      if (const auto seen = entry->seen.find(each.node); seen != entry->seen.end())
        tell(*entry, news.instance, seen->second.info(), "node " + each.node + " cannot be repaired: " + trouble);
  entry->trouble = trouble;
  entry->worked_on = clock::now();
  touch(*entry);
  if (outcome.error == ec::runtime_unavailable) look_around_soon();
  if (outcome.error) entry->links_lost |= at->second.links_lost;
  if (failed) entry->look_again = true;
  go_on(news.instance);
}

// -- what is there ----------------------------------------------------------------------------------------------------

std::vector<instance_status> clab_state::inspect() const {
  std::vector<instance_status> result;
  for (const auto& [name, entry] : instances_) result.push_back(status_of(name));
  return result;
}

caf::result<instance_status> clab_state::adopt(const instance_ref& where, const node_observer_actor& observer) {
  if (!taken_back_) return failure(ec::runtime_unavailable, health_.detail);
  auto* entry = find(where.name);
  if (!entry) return failure(ec::lab_not_running, "there is no instance " + where.name);
  entry->observer = observer;
  place(*entry, where);
  schedule(*entry, where.name, false);
  return status_of(where.name);
}

void clab_state::place(instance_entry& entry, const instance_ref& where) {
  entry.where = where;
  const auto plan = topology::read_topology(where.topology);
  entry.links = plan.value ? links_of(*plan.value) : std::vector<lab_link>{};
}

instance_status clab_state::status_of(const std::string& instance) const {
  instance_status status;
  status.name = instance;
  const auto at = instances_.find(instance);
  if (at == instances_.end()) return status;
  const auto& entry = at->second;
  if (entry.where) status.folder = entry.where->folder;
  for (const auto& [name, node] : entry.seen) {
    status.nodes.push_back(node.info());
    if (status.folder.empty()) status.folder = node.topology.substr(0, node.topology.rfind('/'));
  }
  return status;
}

clab_state::instance_entry* clab_state::find(const std::string& instance) {
  const auto at = instances_.find(instance);
  return at == instances_.end() ? nullptr : &at->second;
}

void clab_state::leave(const std::string& instance) {
  end_followers(instance);
  if (auto* entry = find(instance)) entry->terminals.close("", "lab destroyed");
  instances_.erase(instance);
}

} // namespace stibium::containerlab
