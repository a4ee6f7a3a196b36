#include "actors/session.hpp"
#include "actors/utf8_cutter.hpp"
#include "protocol/antimony/events.hpp"
#include "protocol/socketio/json.hpp"

namespace stibium {

using antimony::command_id;
using antimony::namespace_kind;

namespace {

caf::error invalid(std::string text) { return failure(ec::invalid_request, std::move(text)); }

caf::error unknown_event(std::string_view event) {
  return invalid("there is no event '" + std::string{event.substr(0, utf8_cut(event, 64))} + "' here");
}

lab_command to_lab_command(const antimony::lab_request& what, const identity& user) {
  switch (what.command) {
  case command_id::destroy: return {lab_verb::destroy, {}, user};
  case command_id::stop_node: return {lab_verb::stop_node, what.node, user};
  case command_id::start_node: return {lab_verb::start_node, what.node, user};
  case command_id::restart_node: return {lab_verb::restart_node, what.node, user};
  default: return {lab_verb::deploy, {}, user};
  }
}

} // namespace

// -- tasks: every event is answered once ------------------------------------------------------------------------------

uint64_t session_state::start(const socket& from, const client_event& event, bool input) {
  const auto id = ++serial_;
  tasks_.emplace(id, task{from.serial, event.ack, from.user, input, input, {}});
  ++(input ? inputs_ : commands_);
  return id;
}

bool session_state::asks(uint64_t id, const caf::actor_addr& whom, bool shell) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return false;
  found->second.asked = whom;
  found->second.of_shell = shell;
  watch(whom);
  return true;
}

session_state::task session_state::take(std::unordered_map<uint64_t, task>::iterator which) {
  auto what = std::move(which->second);
  tasks_.erase(which);
  --(what.input ? inputs_ : commands_);
  if (what.asked) unwatch(what.asked);
  if (lost_) end_when_done();
  return what;
}

void session_state::done(uint64_t id, std::string json) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  const auto what = take(found);
  auto* from = find(what.socket);
  if (!from) return; // a later socket of that name counts its acks from 0 again
  if (what.ack)
    self->send(gateway_, reply{connection_, from->nsp, *what.ack, std::move(json)});
  else
    from->trouble_told = false;
}

void session_state::failed(uint64_t id, const caf::error& why) {
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) fail(take(found), why);
}

void session_state::fail(const task& what, const caf::error& why) {
  auto* from = find(what.socket);
  auto text = message_of(why);
  if (what.ack) {
    if (from)
      self->send(gateway_, reply{connection_, from->nsp, *what.ack, antimony::error_payload(to_error_code(why), text)});
    return;
  }
  // A pasted text is many events: one message for all of them that fail in a row, and none when its client has left.
  if (what.input && (!from || std::exchange(from->trouble_told, true))) return;
  status_message message;
  message.source = what.input ? "shell" : "lab commands";
  message.content = std::move(text);
  message.level = severity::error;
  message.only_user = what.user->user_id;
  self->send(bulletin_, std::move(message));
}

void session_state::refuse(const socket& from, const client_event& event, const caf::error& why) {
  const bool shell = from.kind == namespace_kind::shell;
  fail({from.serial, event.ack, from.user, shell, shell, {}}, why);
}

// -- events -----------------------------------------------------------------------------------------------------------

void session_state::handle(const client_event& event) {
  auto* from = find(event.nsp);
  if (!from || !from->user) {
    // Its shell ended while the event was on its way, or the gateway let something slip through.
    if (!event.ack) return;
    const bool shell = antimony::parse_namespace(event.nsp).kind == namespace_kind::shell;
    const auto code = shell ? antimony::error_code::shell_not_found : antimony::error_code::invalid_request;
    const auto* text = shell ? "the shell has ended" : "the namespace is not open";
    return self->send(gateway_, reply{connection_, event.nsp, *event.ack, antimony::error_payload(code, text)});
  }
  const auto name = socketio::event_name(event.json);
  if (!name) return refuse(*from, event, invalid("an event begins with its name"));
  switch (from->kind) {
  case namespace_kind::lab_commands:
    if (*name != "data") return refuse(*from, event, unknown_event(*name));
    return command(*from, event);
  case namespace_kind::shell: return to_shell(*from, event, *name);
  default: return refuse(*from, event, invalid("no events are accepted here"));
  }
}

void session_state::command(socket& from, const client_event& event) {
  auto what = antimony::parse_lab_command(event.json, swapped_);
  if (!what) return refuse(from, event, invalid(what.error().message));
  if (commands_ >= max_commands) return refuse(from, event, failure(ec::queue_full, "too many commands are under way"));
  const auto id = start(from, event, false);
  switch (what->command) {
  case command_id::list_shells: return list_shells(id, {std::move(what->lab_id)});
  case command_id::close_shell: return close_shell(id, *what);
  default: return ask_lab(id, *what);
  }
}

void session_state::ask_lab(uint64_t id, const antimony::lab_request& what) {
  ++awaited_;
  self->request(directory_, caf::infinite, atom::lookup_v, lab_id{what.lab_id}, *tasks_.at(id).user)
      .then(
          [this, id, what](const lab_ref& found) {
            const auto user = tasks_.at(id).user;
            if (what.command != command_id::open_shell && !found.may_command) {
              failed(id, failure(ec::no_access, "only the lab's creator may do this"));
            } else if (asks(id, found.lab.address(), false)) {
              const auto wrong = [this, id](caf::error& err) { lab_failed(id, err); };
              if (what.command == command_id::open_shell)
                self->request(found.lab, caf::infinite, open_shell{what.node, *user})
                    .then([this, id](const shell_id& shell) { done(id, antimony::text_payload(shell.value)); }, wrong);
              else
                self->request(found.lab, caf::infinite, to_lab_command(what, *user))
                    .then([this, id] { done(id, antimony::null_payload()); }, wrong);
            }
            answered();
          },
          [this, id](caf::error& err) {
            failed(id, err);
            answered();
          });
}

void session_state::list_shells(uint64_t id, lab_id lab) {
  self->request(directory_, caf::infinite, atom::list_v, std::move(lab), tasks_.at(id).user)
      .then(
          [this, id](const std::vector<shell_info>& shells) {
            std::vector<antimony::listed_shell> listed;
            listed.reserve(shells.size());
            for (const auto& shell : shells) listed.push_back({shell.id.value, shell.node});
            done(id, antimony::shells_payload(listed));
          },
          [this, id](caf::error& err) { failed(id, err); });
}

void session_state::close_shell(uint64_t id, const antimony::lab_request& what) {
  ++awaited_;
  self->request(directory_, caf::infinite, atom::find_v, lab_id{what.lab_id}, shell_id{what.shell_id},
                *tasks_.at(id).user)
      .then(
          [this, id](const shell_actor& shell) {
            if (asks(id, shell.address(), true))
              self->request(shell, caf::infinite, atom::close_v, std::string{"by the user"})
                  .then([this, id] { done(id, antimony::null_payload()); },
                        [this, id](caf::error& err) { shell_failed(id, err); });
            answered();
          },
          [this, id](caf::error& err) {
            failed(id, err);
            answered();
          });
}

// -- shells -----------------------------------------------------------------------------------------------------------

void session_state::to_shell(socket& from, const client_event& event, const std::string& name) {
  if (name == "data") {
    auto text = antimony::parse_shell_input(event.json);
    if (!text) return refuse(from, event, invalid(text.error().message));
    return send_input(from, event, shell_input{from.user->user_id, std::move(*text)});
  }
  if (name == "resize") {
    const auto size = antimony::parse_resize(event.json);
    if (!size) return refuse(from, event, invalid(size.error().message));
    return send_input(from, event, shell_size{size->cols, size->rows});
  }
  refuse(from, event, unknown_event(name));
}

template <class Input>
void session_state::send_input(socket& from, const client_event& event, Input what) {
  if (!from.shell) return refuse(from, event, failure(ec::no_access, "this is another user's shell"));
  if (inputs_ >= max_inputs) return refuse(from, event, failure(ec::queue_full, "the terminal does not keep up"));
  const auto id = start(from, event, true);
  asks(id, from.shell.address(), true);
  self->request(from.shell, caf::infinite, std::move(what))
      .then([this, id] { done(id, antimony::null_payload()); }, [this, id](caf::error& err) { shell_failed(id, err); });
}

} // namespace stibium
