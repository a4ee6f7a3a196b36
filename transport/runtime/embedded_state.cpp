#include "transport/runtime/embedded_state.hpp"

#include "transport/runtime/commands.hpp"

#include <algorithm>
#include <sys/wait.h>

namespace stibium::runtime {

using descriptor = boost::asio::posix::stream_descriptor;

embedded_state::~embedded_state() {
  const auto over = failure(ec::shutting_down, "the runtime ends");
  for (auto& [name, slot] : commands_) {
    slot.stop->interrupt(); // a deploy cleans up, then its thread ends
    slot.now.answer.deliver(over);
    slot.next.refuse(over);
  }
  for (auto& [name, instance] : instances_) instance.terminals.close("", "the service ends");
  for (const auto& follower : followers_) caf::anon_send_exit(follower.actor, caf::exit_reason::user_shutdown);
  if (instances_.empty() && commands_.empty() && box_) box_->end_holder();
}

void embedded_state::begin(nursery in, io::io_thread* thread, embedded_options options,
                           std::shared_ptr<const sandbox> box, std::vector<instance_record> left) {
  in_ = std::move(in);
  thread_ = thread;
  options_ = std::move(options);
  box_ = std::move(box);
  for (const auto& record : left) {
    auto& instance = enter(record);
    for (auto& node : instance.nodes) {
      const auto process = read_process(record, node.kept.name);
      node.state = node_state::exited;
      if (!process || find_process(process->outer.pid) != process->outer) continue;
      node.process = process;
      node.state = node_state::running;
      watch({record.name, node.kept.name, *process});
    }
  }
}

// -- commands ---------------------------------------------------------------------------------------------------------

caf::result<instance_status> embedded_state::command(const runtime_command& what) {
  auto answer = self->make_response_promise<instance_status>();
  const auto at = commands_.find(what.instance.name);
  if (at == commands_.end()) {
    auto& slot = commands_[what.instance.name];
    slot.now = {what, answer};
    launch(slot);
  } else {
    at->second.next.push({what, answer});
  }
  return answer;
}

void embedded_state::launch(running_command& slot) {
  const auto& what = slot.now.what;
  slot.stop = std::make_shared<interrupter>();
  if (!box_->alive()) box_ = std::make_shared<const sandbox>(sandbox::open(options_.run_root, options_.wanted));
  lab_command_task task{what, std::nullopt, box_, slot.stop, options_.stop_grace, options_.run_root, {}};
  if (auto* instance = find(what.instance.name)) {
    task.record = instance->record;
    if (what.observer) instance->observer = what.observer;
    instance->terminals.close_for(what);
  }
  try {
    const auto hand =
        spawn(in_, placement::detached(), {"runtime command", what.instance.name, "", self->id()}, worker);
    caf::anon_send(hand, work_order{std::move(task), embedded_actor{self}});
  } catch (const std::system_error& error) { // no more threads
    lab_outcome outcome{failure(ec::runtime_unavailable, error.what()), find(what.instance.name) != nullptr, {}};
    caf::anon_send(embedded_actor{self}, command_ended{what.instance.name, std::move(outcome)});
  }
}

void embedded_state::cancel(const std::string& instance) {
  if (const auto at = commands_.find(instance); at != commands_.end()) at->second.stop->interrupt();
}

void embedded_state::done(const command_ended& news) {
  const auto at = commands_.find(news.instance);
  if (at == commands_.end()) return;
  auto& slot = at->second;
  auto* instance = find(news.instance);
  if (instance && !news.outcome.there) {
    leave(news.instance);
  } else if (instance) {
    instance->ending = false;
    for (auto& node : instance->nodes) {
      if (const auto seen = news.outcome.addresses.find(node.kept.name); seen != news.outcome.addresses.end())
        node.addresses = seen->second;
      // A node that has just ended may not have been noticed yet; the answer has to be right.
      if (node.kept.name == slot.now.what.node && node.process &&
          find_process(node.process->outer.pid) != node.process->outer)
        mark_ended(*instance, node, "");
    }
  }
  if (news.outcome.error)
    slot.now.answer.deliver(news.outcome.error);
  else
    slot.now.answer.deliver(status_of(news.instance));
  if (slot.next.empty()) {
    commands_.erase(at);
    return;
  }
  slot.now = slot.next.pop();
  launch(slot);
}

// -- what is there ----------------------------------------------------------------------------------------------------

std::vector<instance_status> embedded_state::inspect() const {
  std::vector<instance_status> result;
  for (const auto& [name, instance] : instances_) result.push_back(status_of(name));
  return result;
}

caf::result<instance_status> embedded_state::adopt(const instance_ref& where, const node_observer_actor& observer) {
  auto* instance = find(where.name);
  if (!instance) return failure(ec::lab_not_running, "there is no instance " + where.name);
  instance->observer = observer;
  return status_of(where.name);
}

runtime_health embedded_state::health() const { return {true, box_->detail()}; }

embedded_state::instance_entry& embedded_state::enter(const instance_record& record) {
  auto& instance = instances_[record.name];
  instance.record = record;
  instance.ending = false;
  instance.nodes.clear();
  for (const auto& node : record.nodes) instance.nodes.push_back({node, std::nullopt, node_state::starting, {}});
  return instance;
}

void embedded_state::leave(const std::string& instance) {
  end_followers(instance);
  for (const auto& node : instances_[instance].nodes) {
    int status = 0;
    bool gone = false;
    if (node.process && watches_.erase(node.process->outer.pid) > 0) try_reap(node.process->outer.pid, status, gone);
  }
  instances_.erase(instance);
}

void embedded_state::end_followers(const std::string& instance) {
  std::erase_if(followers_, [&](const follower_entry& each) {
    if (each.instance != instance) return false;
    caf::anon_send(each.actor, follower_signal::finish);
    return true;
  });
}

void embedded_state::made(const instance_made& news) {
  end_followers(news.record.name); // those of an instance that was there before
  auto& instance = enter(news.record);
  if (const auto at = commands_.find(news.record.name); at != commands_.end())
    instance.observer = at->second.now.what.observer;
  for (const auto& node : instance.nodes) tell(instance, node, "");
}

void embedded_state::ending(const instance_ending& news) {
  if (auto* instance = find(news.instance)) instance->ending = true;
}

// -- nodes ------------------------------------------------------------------------------------------------------------

void embedded_state::started(const node_started& news) {
  watch(news);
  auto* instance = find(news.instance);
  auto* node = instance ? find(*instance, news.node) : nullptr;
  if (!node) return;
  node->process = news.process;
  node->state = node_state::running;
  tell(*instance, *node, "");
}

void embedded_state::watch(const node_started& what) {
  node_ended news{what.instance, what.node, what.process};
  auto fd = watch_process(what.process.outer);
  auto& place = watches_[what.process.outer.pid];
  if (!fd) return caf::anon_send(embedded_actor{self}, std::move(news));
  place = std::make_unique<descriptor>(thread_->context(), fd.release());
  place->async_wait(descriptor::wait_read,
                    [me = embedded_actor{self}, news = std::move(news)](boost::system::error_code code) {
                      if (!code) caf::anon_send(me, news);
                    });
}

void embedded_state::ended(const node_ended& news) {
  if (watches_.erase(news.process.outer.pid) == 0) return; // it has been reaped, its number may be another's
  int status = 0;
  bool gone = false;
  const bool ours = try_reap(news.process.outer.pid, status, gone);
  auto* instance = find(news.instance);
  auto* node = instance ? find(*instance, news.node) : nullptr;
  if (!node || node->process != news.process) return; // an earlier life of the node
  const auto code = read_exit_code(instance->record, news.node);
  // `unshare` does not pass on that its child was killed: that is known by the exit code that was not written.
  const auto how = code                          ? "exit code " + std::to_string(*code)
                   : ours && WIFSIGNALED(status) ? describe_status(status)
                                                 : std::string{"killed"};
  const auto at = commands_.find(news.instance);
  const bool told_to = at != commands_.end() && is_node_command(at->second.now.what.verb) &&
                       at->second.now.what.verb != lab_verb::start_node && at->second.now.what.node == news.node;
  mark_ended(*instance, *node, instance->ending || told_to ? "" : "node " + news.node + " has exited (" + how + ")");
}

void embedded_state::mark_ended(instance_entry& instance, node_entry& node, const std::string& how) {
  node.process.reset();
  node.state = node_state::exited;
  tell(instance, node, how);
}

void embedded_state::tell(const instance_entry& instance, const node_entry& node, std::string what) const {
  if (instance.observer)
    caf::anon_send(instance.observer, node_event{instance.record.name, describe(instance, node), std::move(what)});
}

node_info embedded_state::describe(const instance_entry& instance, const node_entry& node) const {
  node_info info;
  info.name = node.kept.name;
  info.kind = node.kept.kind.empty() ? "linux" : node.kept.kind;
  info.ipv4 = node.addresses.ipv4;
  info.ipv6 = node.addresses.ipv6;
  info.state = node.state;
  info.container_id = container_id(instance.record.name, node.kept.name);
  info.container_name = container_name(instance.record.name, node.kept.name);
  return info;
}

instance_status embedded_state::status_of(const std::string& instance) const {
  instance_status status{instance, {}};
  if (const auto at = instances_.find(instance); at != instances_.end())
    for (const auto& node : at->second.nodes) status.nodes.push_back(describe(at->second, node));
  return status;
}

embedded_state::instance_entry* embedded_state::find(const std::string& instance) {
  const auto at = instances_.find(instance);
  return at == instances_.end() ? nullptr : &at->second;
}

embedded_state::node_entry* embedded_state::find(instance_entry& instance, const std::string& node) {
  const auto at = std::find_if(instance.nodes.begin(), instance.nodes.end(),
                               [&](const node_entry& each) { return each.kept.name == node; });
  return at == instance.nodes.end() ? nullptr : &*at;
}

} // namespace stibium::runtime
