#include "actors/lab.hpp"
#include "actors/log_stream.hpp"
#include "actors/shell.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace stibium {

// -- the lab's log ----------------------------------------------------------------------------------------------------

void lab_state::open_log(bool restore) {
  const auto& id = machine_->file().id;
  log_ = make_log("/logs/" + id.value, world_.make_spool ? world_.make_spool(id) : spool_actor{}, restore);
  caf::anon_send(world_.directory, announce_stream{{"/logs/" + id.value}, id, log_});
}

log_stream_actor lab_state::make_log(std::string name, spool_actor spool, bool restore) {
  log_stream_actor stream = spawn(world_.births, placement::on(home()),
                                  {"log stream", std::move(name), machine_->file().creator_id, self->id()}, log_stream,
                                  log_stream_setup{world_.bounds, std::move(spool), restore});
  self->monitor(stream);
  return stream;
}

// -- node logs --------------------------------------------------------------------------------------------------------

/// Every node that there is has a log, as soon as there is the node.
void lab_state::sync_node_logs() {
  if (!machine_->where() || log_failures_ >= max_log_failures) return;
  for (const auto& node : machine_->nodes()) {
    auto& log = node_logs_[node.name];
    if (!log.stream) log.stream = make_log("/logs/" + machine_->file().id.value + "/" + node.name, {}, false);
    announce(node, log);
    if (!log.followed) follow(node.name);
  }
}

void lab_state::announce(const node_info& node, node_log& log) {
  if (!log.names.empty() && log.container_id == node.container_id) return;
  log.container_id = node.container_id;
  const auto prefix = "/logs/" + machine_->file().id.value + "/";
  std::vector<std::string> names{prefix + node.name};
  if (node.container_id.size() >= 12) {
    names.push_back(prefix + node.container_id.substr(0, 12));
    if (node.container_id.size() > 12) names.push_back(prefix + node.container_id);
  }
  withdraw_stream old;
  for (const auto& name : log.names)
    if (std::ranges::find(names, name) == names.end()) old.names.push_back(name);
  if (!old.names.empty()) caf::anon_send(world_.directory, std::move(old));
  log.names = names;
  caf::anon_send(world_.directory, announce_stream{std::move(names), machine_->file().id, log.stream});
}

void lab_state::follow(const std::string& node) {
  auto& log = node_logs_.at(node);
  log.followed = true;
  self->request(world_.runtime, store_deadline, follow_log{*machine_->where(), node, log.stream})
      .then([] {}, [this, node, stream = log.stream.address()](caf::error&) { // tried again when the node changes
        const auto found = node_logs_.find(node);
        if (found != node_logs_.end() && found->second.stream.address() == stream) found->second.followed = false;
      });
}

void lab_state::act(const lab_action::end_node_logs&) {
  withdraw_stream gone;
  for (auto& [node, log] : node_logs_) {
    gone.names.insert(gone.names.end(), log.names.begin(), log.names.end());
    self->demonitor(log.stream.address());
    caf::anon_send(log.stream, atom::close_v);
  }
  node_logs_.clear();
  if (!gone.names.empty()) caf::anon_send(world_.directory, std::move(gone));
}

/// A log that has failed is opened again; its lines come from the spool or the runtime.
bool lab_state::log_down(const caf::actor_addr& who) {
  const bool give_up = log_failures_ + 1 >= max_log_failures;
  if (log_ && log_.address() == who) {
    log_ = nullptr;
    ++log_failures_;
    if (!give_up) open_log(true);
    return true;
  }
  const auto found =
      std::ranges::find_if(node_logs_, [&](const auto& entry) { return entry.second.stream.address() == who; });
  if (found == node_logs_.end()) return false;
  ++log_failures_;
  node_logs_.erase(found);
  sync_node_logs();
  return true;
}

// -- shells -----------------------------------------------------------------------------------------------------------

caf::result<shell_id> lab_state::open(const open_shell& wish) {
  if (auto why = machine_->refuses_shell(wish.node)) return failure(why->code, why->text);
  const auto who = wait_for(self->make_response_promise());
  self->request(world_.directory, directory_deadline, atom::reserve_v, wish.user)
      .then([this, wish, who](const shell_id& id) { attach_shell(id, wish, who); },
            [this, who](caf::error& err) { answer(who, std::move(err)); });
  return caf::delegated<shell_id>{};
}

void lab_state::attach_shell(const shell_id& id, const open_shell& wish, ticket who) {
  if (auto why = machine_->refuses_shell(wish.node)) { // it has changed meanwhile
    caf::anon_send(world_.directory, atom::release_v, id);
    return answer(who, failure(why->code, why->text));
  }
  const shell_info info{id, machine_->file().id, wish.node, wish.user.user_id};
  // Releases its reservation when it ends, in whichever way.
  shell_actor made = spawn(world_.births, placement::on(home()), {"shell", id.value, wish.user.user_id, self->id()},
                           shell, shell_setup{info, world_.bounds, world_.bulletin, world_.directory});
  self->monitor(made);
  shells_.emplace(id.value, lab_shell{made, wish.node, false});
  const auto* node = machine_->find_node(wish.node);
  open_terminal ask{*machine_->where(), wish.node, node ? node->kind : "linux", {}, made};
  self->request(world_.runtime, terminal_deadline, std::move(ask))
      .then([this, info, who](const terminal_actor& terminal) { shell_attached(info, terminal, who); },
            [this, id, who](caf::error& err) { shell_failed(id, err, who); });
}

void lab_state::shell_attached(const shell_info& info, const terminal_actor& terminal, ticket who) {
  const auto found = shells_.find(info.id.value);
  if (found == shells_.end() || found->second.closing) { // closed meanwhile: the node was stopped or the lab destroyed
    caf::anon_send(terminal, atom::close_v);
    return answer(who, failure(ec::node_not_running, "the node was stopped while the shell was opened"));
  }
  const auto shell = found->second.shell;
  caf::anon_send(shell, terminal);
  self->request(world_.directory, directory_deadline, shell_opened{info, shell})
      .then([this, who, id = info.id] { answer(who, id); },
            [this, id = info.id, who](caf::error& err) { shell_failed(id, err, who); });
}

void lab_state::shell_failed(const shell_id& id, const caf::error& why, ticket who) {
  if (const auto found = shells_.find(id.value); found != shells_.end())
    caf::anon_send(found->second.shell, atom::close_v, std::string{"it could not be opened"});
  const bool late = why == caf::sec::request_timeout;
  answer(who, late ? failure(ec::deadline_passed, "the terminal did not attach in time") : why);
}

void lab_state::answer(ticket who, const caf::expected<shell_id>& with) {
  auto waiting = waiting_.extract(who);
  if (waiting.empty()) return;
  if (with)
    waiting.mapped().deliver(*with);
  else
    waiting.mapped().deliver(with.error());
}

void lab_state::act(const lab_action::close_shells& what) {
  for (auto& [id, open] : shells_) {
    if (!what.node.empty() && open.node != what.node) continue;
    open.closing = true;
    ++gate_.waits;
    self->request(open.shell, shells_deadline, atom::close_v, what.reason)
        .then([this] { pass_gate(); }, [this](caf::error&) { pass_gate(); });
  }
}

} // namespace stibium
