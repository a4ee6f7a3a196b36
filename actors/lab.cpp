#include "actors/lab.hpp"

#include "protocol/topology/topology.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <atomic>

namespace stibium {

namespace {

std::vector<std::string> list_nodes(const std::string& text) {
  std::vector<std::string> names;
  if (const auto read = topology::read_topology(text); read.value)
    for (const auto& node : read.value->nodes) names.push_back(node.name);
  return names;
}

/// The time in ms, moved on so that it is never the same twice in a process: a scheduler starts many labs at once.
int64_t distinct_stamp(time_point now) {
  static std::atomic<int64_t> last{0};
  const int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  auto before = last.load();
  int64_t stamp = 0;
  do stamp = std::max(ms, before + 1);
  while (!last.compare_exchange_weak(before, stamp));
  return stamp;
}

command_outcome outcome_of(const caf::error& err) {
  const bool ours = err.category() == caf::atom("stibium");
  return {refusal{ours ? static_cast<ec>(err.code()) : ec::internal, message_of(err)}, {}};
}

} // namespace

template <class... Ts>
void lab_state::store(Ts&&... xs) {
  ++storing_;
  const auto stored = [this](const caf::error& err) {
    --storing_;
    store_answered(err);
    if (storing_ == 0) answer(std::exchange(kept_back_, {}));
    end_if_due();
  };
  self->request(world_.store, store_deadline, std::forward<Ts>(xs)...)
      .then([stored] { stored({}); }, [stored](caf::error& err) { stored(err); });
}

/// Ended from outside or by a throw: whoever waits hears of it, and nothing that the lab made outlives it.
lab_state::~lab_state() {
  const auto over = shutting_ ? failure(ec::shutting_down, "the service is shutting down")
                              : failure(ec::internal, "the lab has ended before the command was done");
  for (auto& [who, promise] : waiting_) promise.deliver(over);
  for (auto& [id, open] : shells_)
    caf::anon_send(open.shell, atom::close_v,
                   std::string{shutting_ ? "the service is shutting down" : "the lab has failed"});
  for (auto& [node, log] : node_logs_) caf::anon_send(log.stream, atom::close_v);
  if (log_) caf::anon_send(log_, atom::close_v);
}

void lab_state::begin(lab_setup setup) {
  world_ = std::move(setup.world);
  machine_.emplace(setup.file, setup.deployed_once, world_.run_folder(setup.file.id), list_nodes, distinct_stamp);
  for (const auto& entry : setup.cut_off) journal_.push_back(entry.id);
  self->monitor(world_.supervisor);
  // After a failure of the lab alone its command may still be under way.
  if (setup.instance && !setup.cut_off.empty())
    caf::anon_send(world_.supervisor, atom::cancel_v, setup.instance->where.name);
  if (setup.deployed_once || setup.instance) open_log(true);
  apply(machine_->resume(setup.instance, setup.cut_off, now()));
}

caf::result<void> lab_state::command(const lab_command& cmd) {
  apply(machine_->command(cmd, wait_for(self->make_response_promise()), now()));
  return caf::delegated<void>{};
}

ticket lab_state::wait_for(caf::response_promise promise) {
  // Nobody waits for the answer of a plain message, and an error sent back would end its sender.
  if (promise.async()) return 0;
  waiting_.emplace(++last_ticket_, std::move(promise));
  return last_ticket_;
}

// -- actions ----------------------------------------------------------------------------------------------------------

void lab_state::apply(const lab_machine::actions& what) {
  for (const auto& action : what) std::visit([this](const auto& one) { act(one); }, action);
  sync_node_logs();
  if (publish_due_)
    publish();
  else
    answer(std::exchange(settled_, {}));
  end_if_due();
}

/// A lab that is to end first lets those know who wait.
void lab_state::end_if_due() {
  if (ending_ && !publishing_ && storing_ == 0) self->quit();
}

void lab_state::act(const lab_action::start& what) {
  if (!log_) open_log(true);
  gate_.command = runtime_command{what.verb, *machine_->where(), what.node, what.redeploy, log_, self};
  ++gate_.waits;                             // the journal
  if (!journal_.empty()) return pass_gate(); // carried on from an earlier process: it has its entry
  journal_entry entry{0, machine_->file().id, what.verb, what.node, machine_->where()->name, now()};
  self->request(world_.store, store_deadline, atom::save_v, entry)
      .then(
          [this](uint64_t id) {
            journal_.push_back(id);
            pass_gate();
          },
          [this](caf::error& err) { // better done without a net than not at all
            store_answered(err);
            pass_gate();
          });
}

/// One thing less that the command waits for.
void lab_state::pass_gate() {
  if (--gate_.waits > 0) return;
  auto open = std::exchange(gate_, {});
  const auto which = ++command_;
  at_supervisor_ = true;
  if (open.cancelled) return command_ended(which, {refusal{ec::cancelled, "cancelled"}, {}});
  // No timeout: the supervisor answers every command, and is monitored.
  self->request(world_.supervisor, caf::infinite, *open.command)
      .then(
          [this, which](const instance_status& now) {
            command_ended(which, {{}, now.nodes});
          },
          [this, which](caf::error& err) { command_ended(which, outcome_of(err)); });
}

void lab_state::command_ended(uint64_t which, const command_outcome& outcome) {
  if (which != command_ || !std::exchange(at_supervisor_, false)) return;
  apply(machine_->ended(outcome, now()));
}

void lab_state::act(const lab_action::cancel&) {
  if (gate_.command)
    gate_.cancelled = true;
  else
    caf::anon_send(world_.supervisor, atom::cancel_v, machine_->where()->name);
}

void lab_state::act(const lab_action::adopt&) {
  self->request(world_.runtime, adopt_deadline, atom::adopt_v, *machine_->where(), node_observer_actor{self})
      .then(
          [this](const instance_status& found) {
            apply(machine_->adopted({{}, found.nodes}, now()));
          },
          [this](caf::error& err) { apply(machine_->adopted(outcome_of(err), now())); });
}

void lab_state::act(const lab_action::adopt_later&) { self->delayed_send(self, adopt_again_after, atom::adopt_v); }

void lab_state::act(const lab_action::journal_end&) {
  for (const auto id : std::exchange(journal_, {})) store(atom::erase_v, id);
}

void lab_state::act(const lab_action::save_instance&) {
  store(atom::save_v, stored_instance{*machine_->where(), machine_->state(), machine_->since()});
}

void lab_state::act(const lab_action::erase_instance&) { store(atom::erase_v, machine_->file().id); }

void lab_state::act(const lab_action::new_log&) {
  log_failures_ = 0;
  if (!log_) open_log(false);
  caf::anon_send(log_, atom::reset_v);
  const auto& file = machine_->file();
  store(atom::save_v, stored_lab{file.id, file.path, file.name, file.collection, true});
}

void lab_state::act(const lab_action::write_line& what) {
  if (log_) caf::anon_send(log_, log_lines{{what.text}});
}

void lab_state::act(const lab_action::tell& what) { tell(what.level, what.content); }

void lab_state::act(const lab_action::end&) {
  if (world_.scheduler && scheduled_) caf::anon_send(world_.scheduler, atom::cancel_v, machine_->file().id);
  if (log_) caf::anon_send(world_.directory, withdraw_stream{{"/logs/" + machine_->file().id.value}});
  ending_ = true;
}

// -- telling ----------------------------------------------------------------------------------------------------------

/// The directory first, then the bulletin and those who wait: who then fetches the lab sees it as it is.
void lab_state::publish() {
  if (publishing_) return;
  publishing_ = true, publish_due_ = false;
  tell_schedule();
  const auto told = [this, settled = std::exchange(settled_, {})] {
    publishing_ = false;
    caf::anon_send(world_.bulletin, lab_update{machine_->file().id, access()});
    answer(settled);
    if (publish_due_) publish();
    end_if_due();
  };
  self->request(world_.directory, directory_deadline, machine_->view(now()))
      .then([told] { told(); }, [told](caf::error&) { told(); }); // told late is better than not told
}

/// What has been answered must hold even if the process is killed right after it: answers wait for the store.
void lab_state::answer(const std::vector<lab_action::settle>& settled) {
  if (storing_ > 0) {
    kept_back_.insert(kept_back_.end(), settled.begin(), settled.end());
    return;
  }
  for (const auto& one : settled) {
    auto waiting = waiting_.extract(one.who);
    if (waiting.empty()) continue;
    if (one.error)
      waiting.mapped().deliver(failure(one.error->code, one.error->text));
    else
      waiting.mapped().deliver(caf::unit);
  }
}

void lab_state::tell(severity level, std::string text) {
  caf::anon_send(world_.bulletin,
                 status_message{"lab " + machine_->file().name, std::move(text), "", level, access(), ""});
}

/// A start that has passed counts only for a lab that was never deployed, an end that has passed only for an instance
/// that is older than it: what users did since then is not undone.
void lab_state::tell_schedule() {
  if (!world_.scheduler) return;
  const auto& file = machine_->file();
  lab_schedule times{file.id, {}, {}, self};
  const bool over = file.end_time && *file.end_time <= now();
  if (file.start_time && !over && (*file.start_time > now() || !machine_->deployed_once()))
    times.start = file.start_time;
  if (file.end_time && (!over || (machine_->where() && machine_->since() < *file.end_time))) times.end = file.end_time;
  const bool first = !scheduled_;
  if (first ? !times.start && !times.end : times.start == scheduled_->start && times.end == scheduled_->end) return;
  caf::anon_send(world_.scheduler, times);
  times.lab = nullptr; // a handle to itself would keep the lab alive
  scheduled_ = std::move(times);
}

void lab_state::store_answered(const caf::error& err) {
  if (!std::exchange(storage_troubled_, static_cast<bool>(err)) && err)
    tell(severity::warning, "The state of lab " + machine_->file().name +
                                " cannot be stored; if the service ends now, it is not repaired: " + message_of(err));
}

antimony::lab_access lab_state::access() const {
  const auto& file = machine_->file();
  return {file.collection, file.creator_id, file.public_deploy};
}

caf::execution_unit* lab_state::home() const {
  return world_.births.home_for(std::hash<std::string>{}(machine_->file().id.value));
}

void lab_state::down(const caf::down_msg& msg) {
  if (world_.supervisor && msg.source == world_.supervisor.address())
    return command_ended(command_, {refusal{ec::internal, "the supervisor has ended"}, {}});
  if (log_down(msg.source)) return;
  std::erase_if(shells_, [&](const auto& entry) { return entry.second.shell.address() == msg.source; });
}

void lab_state::leave(const caf::exit_msg& msg) {
  shutting_ = msg.reason == caf::exit_reason::user_shutdown;
  self->quit(msg.reason);
}

ticking_lab_actor::behavior_type lab(ticking_lab_actor::stateful_pointer<lab_state> self, lab_setup setup) {
  self->set_down_handler([self](caf::down_msg& msg) { self->state.down(msg); });
  self->set_exit_handler([self](caf::exit_msg& msg) { self->state.leave(msg); });
  self->state.begin(std::move(setup));
  return {[self](const lab_command& cmd) { return self->state.command(cmd); },
          [self](const open_shell& wish) { return self->state.open(wish); },
          [self](const node_event& event) { self->state.node_changed(event); },
          [self](const lab_file& file) { self->state.file_changed(file); },
          [self](const lab_file_gone&) { self->state.file_gone(); },
          [self](atom::adopt) { self->state.adopt_again(); }};
}

} // namespace stibium
