#include "actors/supervisor.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace stibium {

namespace {

void write(const log_sink_actor& log, std::string line) {
  if (log) caf::anon_send(log, log_lines{{std::move(line)}});
}

} // namespace

template <class With>
void supervisor_state::answer(running_command& command, const With& with) {
  if (!std::exchange(command.answered, true)) command.promise.deliver(with);
}

supervisor_state::~supervisor_state() {
  const auto over = failure(ec::shutting_down, "the service is shutting down");
  for (auto& waiting : queue_) waiting.promise.deliver(over);
  for (auto& [id, command] : running_) answer(command, over);
}

void supervisor_state::begin(supervisor_setup setup) {
  setup_ = std::move(setup);
  self->monitor(setup_.runtime);
  ask_health();
}

// -- the queue --------------------------------------------------------------------------------------------------------

caf::result<instance_status> supervisor_state::submit(const runtime_command& cmd) {
  if (runtime_gone_) return failure(ec::runtime_unavailable, health_->detail);
  if (cmd.verb == lab_verb::destroy) drop_waiting(cmd.instance.name, "cancelled: the lab is destroyed");
  if (queue_.size() >= setup_.max_queue) return failure(ec::queue_full, "too many commands wait for the runtime");
  auto promise = self->make_response_promise<instance_status>();
  queue_.push_back({++last_id_, cmd, promise, 0});
  if (is_hanging(cmd.instance.name)) wait_for_hanging(queue_.back());
  pump();
  return promise;
}

void supervisor_state::pump() {
  for (auto it = queue_.begin(); it != queue_.end() && running() < setup_.bounds.parallel_commands;) {
    if (is_busy(it->what.instance.name)) {
      ++it;
      continue;
    }
    auto next = std::move(*it);
    it = queue_.erase(it);
    start(std::move(next));
  }
  tell_positions();
}

bool supervisor_state::is_busy(const std::string& instance) const {
  return std::ranges::any_of(running_, [&](const auto& entry) { return entry.second.what.instance.name == instance; });
}

size_t supervisor_state::running() const {
  return static_cast<size_t>(std::ranges::count_if(running_, [](const auto& entry) { return !entry.second.hangs; }));
}

void supervisor_state::drop_waiting(const std::string& instance, const std::string& why) {
  std::erase_if(queue_, [&](waiting_command& waiting) {
    if (waiting.what.instance.name != instance) return false;
    waiting.promise.deliver(failure(ec::cancelled, why));
    return true;
  });
}

/// A place in the queue is told when it changes; that the queue has grown behind it is no news.
void supervisor_state::tell_positions() {
  for (size_t i = 0; i < queue_.size(); ++i) {
    auto& waiting = queue_[i];
    if (std::exchange(waiting.told_position, i + 1) == i + 1) continue;
    write(waiting.what.log,
          "waiting for a free slot: position " + std::to_string(i + 1) + " of " + std::to_string(queue_.size()));
  }
}

// -- running commands -------------------------------------------------------------------------------------------------

void supervisor_state::start(waiting_command next) {
  const auto id = next.id;
  running_.emplace(id, running_command{std::move(next.what), std::move(next.promise)});
  self->delayed_send(self, setup_.bounds.command_deadline, command_tick{command_tick::what::deadline, id});
  ask_runtime(id);
}

void supervisor_state::ask_runtime(uint64_t id) {
  // No timeout: the deadline above is the one, and the runtime is monitored.
  self->request(setup_.runtime, caf::infinite, running_.at(id).what)
      .then([this, id](const instance_status& status) { finish(id, status); },
            [this, id](caf::error& err) { finish(id, std::move(err)); });
}

void supervisor_state::finish(uint64_t id, const caf::expected<instance_status>& how) {
  const auto found = running_.find(id);
  if (found == running_.end()) return; // the runtime has ended meanwhile
  auto& command = found->second;
  const bool unreached = !how && how.error() == ec::runtime_unavailable;
  if (unreached && command.what.verb == lab_verb::destroy && command.cut_off == cut::no && !command.retried) {
    command.retried = command.pausing = true;
    write(command.what.log, "the runtime is not available: trying again");
    self->delayed_send(self, setup_.retry_after, command_tick{command_tick::what::retry, id});
    return;
  }
  if (how)
    answer(command, *how);
  else if (how.error() == ec::cancelled && command.cut_off == cut::deadline)
    answer(command, failure(ec::deadline_passed, deadline_text() + " has passed"));
  else
    answer(command, how.error());
  const bool hung = command.hangs;
  if (hung) write(command.what.log, "the runtime has come back to the command that hung");
  running_.erase(found);
  if (hung) tell_health();
  pump();
}

void supervisor_state::cancel(const std::string& instance) {
  drop_waiting(instance, "cancelled");
  std::vector<uint64_t> ids;
  for (const auto& [id, command] : running_)
    if (command.what.instance.name == instance && !command.hangs) ids.push_back(id);
  for (const auto id : ids) cut_off(id, cut::cancelled);
  pump();
}

void supervisor_state::cut_off(uint64_t id, cut why) {
  auto& command = running_.at(id);
  if (command.cut_off != cut::no) return; // under way already
  command.cut_off = why;
  if (command.pausing) return finish(id, failure(ec::cancelled, "cancelled"));
  self->delayed_send(self, setup_.cancel_grace, command_tick{command_tick::what::grace, id});
  // Whether it worked shows in the command's own answer; the grace covers a runtime that does not react.
  caf::anon_send(setup_.runtime, atom::cancel_v, command.what.instance.name);
}

void supervisor_state::tick(const command_tick& now) {
  if (now.at == command_tick::what::patience) return lose_patience(now.command);
  const auto found = running_.find(now.command);
  if (found == running_.end() || found->second.hangs) return;
  auto& command = found->second;
  switch (now.at) {
  case command_tick::what::deadline:
    write(command.what.log, deadline_text() + " has passed: cancelling");
    self->delayed_send(self, setup_.answer_grace, command_tick{command_tick::what::answer, now.command});
    return cut_off(now.command, cut::deadline);
  case command_tick::what::answer: return answer(command, unanswered(command));
  case command_tick::what::retry: command.pausing = false; return ask_runtime(now.command);
  case command_tick::what::grace: return hang(now.command);
  case command_tick::what::patience: return;
  }
}

// -- commands that hang -----------------------------------------------------------------------------------------------

caf::error supervisor_state::unanswered(const running_command& command) const {
  if (command.cut_off == cut::cancelled) return failure(ec::cancelled, "cancelled, but the runtime does not answer");
  return failure(ec::deadline_passed, deadline_text() + " has passed, and the runtime does not answer");
}

void supervisor_state::hang(uint64_t id) {
  auto& command = running_.at(id);
  command.hangs = true;
  write(command.what.log, "the runtime does not answer; giving up on it");
  answer(command, unanswered(command));
  for (const auto& waiting : queue_)
    if (waiting.what.instance.name == command.what.instance.name) wait_for_hanging(waiting);
  tell_health();
  pump();
}

bool supervisor_state::is_hanging(const std::string& instance) const {
  return std::ranges::any_of(
      running_, [&](const auto& entry) { return entry.second.hangs && entry.second.what.instance.name == instance; });
}

void supervisor_state::wait_for_hanging(const waiting_command& waiting) {
  write(waiting.what.log, "an earlier command still hangs in the runtime: waiting for it");
  self->delayed_send(self, setup_.hang_patience, command_tick{command_tick::what::patience, waiting.id});
}

void supervisor_state::lose_patience(uint64_t id) {
  const auto found = std::ranges::find(queue_, id, &waiting_command::id);
  if (found == queue_.end() || !is_hanging(found->what.instance.name)) return;
  found->promise.deliver(failure(ec::runtime_unavailable,
                                 "the runtime does not answer: an earlier command still hangs in it; try again later"));
  queue_.erase(found);
  tell_positions();
}

std::string supervisor_state::deadline_text() const {
  return "the deadline of " + std::to_string(setup_.bounds.command_deadline.count()) + " s";
}

// -- the runtime's health ---------------------------------------------------------------------------------------------

void supervisor_state::ask_health() {
  if (runtime_gone_) return;
  const auto heard = [this](runtime_health health) {
    heard_health(std::move(health));
    self->delayed_send(self, setup_.health_interval, atom::tick_v);
  };
  self->request(setup_.runtime, setup_.health_interval, atom::health_v)
      .then([heard](const runtime_health& health) { heard(health); },
            [heard](caf::error& err) {
              heard({false, message_of(err)});
            });
}

void supervisor_state::heard_health(runtime_health health) {
  if (runtime_gone_) return;
  health_ = std::move(health);
  tell_health();
}

/// What the runtime says, unless commands hang in it.
runtime_health supervisor_state::health() const {
  if (!health_) return {false, "the runtime has not answered yet"};
  const auto hanging = std::ranges::count_if(running_, [](const auto& entry) { return entry.second.hangs; });
  if (hanging == 0 || !health_->ready) return *health_;
  return {false, "the runtime hangs: " + std::to_string(hanging) + " command(s) do not end"};
}

void supervisor_state::tell_health() {
  auto now = health();
  const bool same = now.ready == told_.ready && (now.ready || now.detail == told_.detail);
  if (same) return;
  status_message message{"runtime", "", "", severity::success, {}, ""};
  if (now.ready) {
    message.content = "The runtime is ready: " + now.detail;
  } else {
    message.content = "The runtime is not ready: " + now.detail;
    message.level = runtime_gone_ ? severity::fatal : severity::error;
  }
  told_ = std::move(now);
  caf::anon_send(setup_.bulletin, std::move(message));
}

void supervisor_state::runtime_down(const caf::error& why) {
  runtime_gone_ = true;
  health_ = runtime_health{false, "the runtime has ended: " + message_of(why)};
  const auto err = failure(ec::runtime_unavailable, health_->detail);
  auto commands = std::exchange(running_, {});
  auto waiting = std::exchange(queue_, {});
  for (auto& [id, command] : commands) answer(command, err);
  for (auto& command : waiting) command.promise.deliver(err);
  tell_health();
}

ticking_supervisor_actor::behavior_type supervisor(ticking_supervisor_actor::stateful_pointer<supervisor_state> self,
                                                   supervisor_setup setup) {
  self->set_down_handler([self](caf::down_msg& msg) { self->state.runtime_down(msg.reason); });
  self->state.begin(std::move(setup));
  return {[self](const runtime_command& cmd) { return self->state.submit(cmd); },
          [self](atom::cancel, const std::string& instance) { self->state.cancel(instance); },
          [self](atom::health) { return self->state.health(); },
          [self](const runtime_health& health) { self->state.heard_health(health); },
          [self](const command_tick& now) { self->state.tick(now); },
          [self](atom::tick) { self->state.ask_health(); }};
}

} // namespace stibium
