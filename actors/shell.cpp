#include "actors/shell.hpp"

#include "protocol/socketio/json.hpp"

namespace stibium {

shell_state::~shell_state() {
  subscribers_.end(stream_);
  for (auto& promise : withheld_) promise.deliver(failure(ec::shell_not_found, "the shell has ended"));
  for (auto& promise : closing_) promise.deliver(caf::unit);
  // Ended from outside: the rest of the house hears of it all the same.
  if (ended_) return;
  if (terminal_) caf::anon_send(terminal_, atom::close_v);
  if (directory_) caf::anon_send(directory_, atom::release_v, info_.id);
}

void shell_state::begin(shell_setup setup) {
  info_ = std::move(setup.info);
  bounds_ = setup.bounds;
  bulletin_ = std::move(setup.bulletin);
  directory_ = std::move(setup.directory);
  scrollback_ = backlog{stream_, bounds_.scrollback_bytes, bounds_.scrollback_bytes, exact_chunks};
  touch();
  self->delayed_send(self, bounds_.shell_timeout, atom::tick_v);
}

void shell_state::attach(const terminal_actor& terminal) {
  if (terminal_) return;
  terminal_ = terminal;
  self->monitor(terminal_);
  if (close_reason_)
    self->send(terminal_, atom::close_v);
  else if (!congested_.empty())
    self->send(terminal_, atom::pause_v);
}

void shell_state::subscribe(const subscription& who) {
  subscribers_.join(who, stream_, self, overflow::pause, scrollback_);
}

void shell_state::leave(const leave_stream& who) {
  subscribers_.remove(who.connection, who.nsp);
  if (!subscribers_.has(who.connection)) drained(who.connection);
}

void shell_state::congested(connection_id who) {
  if (!subscribers_.has(who)) return;
  const bool first = congested_.empty();
  congested_.insert(who);
  if (first && terminal_) self->send(terminal_, atom::pause_v);
}

void shell_state::drained(connection_id who) {
  if (congested_.erase(who) != 0 && congested_.empty()) uncongested();
}

void shell_state::uncongested() {
  for (auto& promise : std::exchange(withheld_, {})) promise.deliver(caf::unit);
  if (terminal_) self->send(terminal_, atom::resume_v);
}

caf::result<void> shell_state::output(const terminal_output& out) {
  touch();
  publish(cutter_.feed(out.bytes));
  // Somebody who closes the shell no longer waits for those that read slowly.
  if (congested_.empty() || close_reason_) return caf::unit;
  if (auto promise = self->make_response_promise(); !promise.async()) withheld_.push_back(std::move(promise));
  return caf::delegated<void>{};
}

void shell_state::publish(std::string text) {
  stream_entries entries;
  for (std::string_view rest = text; !rest.empty();) {
    const auto length = utf8_cut(rest, chunk_bytes);
    socketio::append_json_string(entries.emplace_back().json, rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (entries.empty()) return;
  auto shared = scrollback_.push(std::move(entries));
  if (!subscribers_.empty()) subscribers_.send(caf::make_message(stream_data{stream_, std::move(shared)}));
}

void shell_state::ended(const terminal_ended& how) {
  if (close_reason_) return finish(1, *close_reason_);
  finish(how.error ? 0 : 1, how.reason);
}

caf::result<void> shell_state::input(const shell_input& in) {
  if (in.user_id != info_.user_id) return failure(ec::no_access, "this is another user's shell");
  if (!terminal_ || close_reason_) return failure(ec::shell_not_found, "the shell is not open");
  touch();
  return self->delegate(terminal_, terminal_input{in.data});
}

caf::result<void> shell_state::resize(const shell_size& size) {
  if (!terminal_ || close_reason_) return failure(ec::shell_not_found, "the shell is not open");
  return self->delegate(terminal_, size);
}

caf::result<void> shell_state::close(const std::string& reason) {
  if (ended_) return caf::unit;
  if (auto promise = self->make_response_promise(); !promise.async()) closing_.push_back(std::move(promise));
  if (!close_reason_) begin_close(reason);
  return caf::delegated<void>{};
}

void shell_state::begin_close(const std::string& reason) {
  close_reason_ = reason;
  if (!terminal_) return finish(1, reason);
  for (auto& withheld : std::exchange(withheld_, {})) withheld.deliver(caf::unit);
  if (!congested_.empty()) self->send(terminal_, atom::resume_v);
  self->send(terminal_, atom::close_v);
  // The terminal tells when it has ended; this is for one that does not.
  self->delayed_send(self, close_deadline, atom::tick_v, reason);
}

void shell_state::check_activity() {
  const auto idle = self->clock().now() - last_activity_;
  if (idle < bounds_.shell_timeout) {
    self->delayed_send(self, bounds_.shell_timeout - idle, atom::tick_v);
  } else if (!close_reason_) {
    begin_close("inactive");
  }
}

void shell_state::down(const caf::down_msg& msg) {
  for (const auto connection : subscribers_.drop(msg.source)) drained(connection);
  if (!terminal_ || terminal_.address() != msg.source || ended_) return;
  if (close_reason_) return finish(1, *close_reason_);
  finish(0, "the terminal has failed: " + caf::to_string(msg.reason));
}

void shell_state::finish(int command, const std::string& reason) {
  if (std::exchange(ended_, true)) return;
  publish(cutter_.finish());
  subscribers_.end(stream_);
  // Nobody has heard of a shell that never got a terminal.
  if (bulletin_ && terminal_) self->send(bulletin_, shell_notice{info_, command, reason});
  if (directory_) self->send(directory_, atom::release_v, info_.id);
  for (auto& promise : std::exchange(closing_, {})) promise.deliver(caf::unit);
  self->quit();
}

void shell_state::touch() { last_activity_ = self->clock().now(); }

ticking_shell_actor::behavior_type shell(ticking_shell_actor::stateful_pointer<shell_state> self, shell_setup setup) {
  self->state.begin(std::move(setup));
  self->set_down_handler([self](caf::down_msg& msg) { self->state.down(msg); });
  return {[self](const subscription& who) { self->state.subscribe(who); },
          [self](const leave_stream& who) { self->state.leave(who); },
          [self](atom::congested, connection_id who) { self->state.congested(who); },
          [self](atom::drained, connection_id who) { self->state.drained(who); },
          [self](const terminal_output& out) { return self->state.output(out); },
          [self](const terminal_ended& how) { self->state.ended(how); },
          [self](const shell_input& in) { return self->state.input(in); },
          [self](const shell_size& size) { return self->state.resize(size); },
          [self](const terminal_actor& terminal) { self->state.attach(terminal); },
          [self](atom::close, const std::string& reason) { return self->state.close(reason); },
          [self](atom::tick) { self->state.check_activity(); },
          [self](atom::tick, const std::string& reason) { self->state.finish(1, reason); }};
}

} // namespace stibium
