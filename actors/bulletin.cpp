#include "actors/bulletin.hpp"

#include "actors/secret_id.hpp"
#include "protocol/antimony/events.hpp"

#include <algorithm>
#include <utility>

namespace stibium {

namespace {

enum index : size_t { status_messages, lab_updates, shell_commands };

} // namespace

void bulletin_state::begin(bulletin_setup setup) {
  now_ = std::move(setup.now);
  channels_[status_messages].nsp = "/status-messages";
  channels_[lab_updates].nsp = "/lab-updates";
  channels_[shell_commands].nsp = "/shell-commands";
  // As for streams: an offset of an earlier bulletin of this process is none of this one.
  for (auto& channel : channels_) channel.last_seq = first_seq(next_stream_id()) - 1;
}

bool bulletin_state::may_get(const identity& who, const audience& whom) {
  if (!whom.only_user.empty()) return who.user_id == whom.only_user;
  return !whom.about || antimony::may_see(who, *whom.about);
}

bulletin_state::channel* bulletin_state::find(const std::string& nsp) {
  const auto found =
      std::find_if(channels_.begin(), channels_.end(), [&](const channel& each) { return each.nsp == nsp; });
  return found == channels_.end() ? nullptr : &*found;
}

caf::result<void> bulletin_state::subscribe(const bulletin_subscription& who) {
  const auto& socket = who.socket;
  auto* where = find(socket.nsp);
  if (!where) return failure(ec::namespace_not_found, "no namespace " + socket.nsp);
  const auto oldest = where->last_seq + 1 - where->kept.size();
  const bool resumes =
      socket.resume_after && *socket.resume_after <= where->last_seq && *socket.resume_after + 1 >= oldest;
  const bool renamed = socket.resume_after && !resumes;
  self->send(socket.gateway, open_namespace{socket.connection, socket.nsp, renamed ? socket.fresh_sid : socket.sid,
                                            renamed ? socket.fresh_pid : socket.pid, bulletin_actor{self}});
  if (resumes) {
    for (const auto& missed : where->kept) {
      if (missed.seq > *socket.resume_after && may_get(who.user, missed.whom))
        self->send(socket.gateway,
                   emit_event{{socket.connection}, where->nsp, "data", missed.json, std::to_string(missed.seq)});
    }
  }
  const auto [entry, fresh] =
      where->subscribers.insert_or_assign(socket.connection.value, subscriber{socket.gateway, who.user});
  if (fresh && ++gateways_[socket.gateway] == 1) self->monitor(socket.gateway);
  return caf::unit;
}

void bulletin_state::leave(const leave_stream& who) {
  auto* where = find(who.nsp);
  if (!where) return;
  const auto found = where->subscribers.find(who.connection.value);
  if (found == where->subscribers.end()) return;
  const auto gateway = gateways_.find(found->second.gateway);
  where->subscribers.erase(found);
  if (gateway == gateways_.end() || --gateway->second != 0) return;
  self->demonitor(gateway->first.address());
  gateways_.erase(gateway);
}

void bulletin_state::drop(const caf::actor_addr& gateway) {
  const auto is_gone = [&](const auto& entry) { return entry.second.gateway.address() == gateway; };
  for (auto& channel : channels_) std::erase_if(channel.subscribers, is_gone);
  std::erase_if(gateways_, [&](const auto& entry) { return entry.first.address() == gateway; });
}

void bulletin_state::publish(channel& where, audience whom, std::string json) {
  const auto seq = ++where.last_seq;
  std::vector<std::pair<const gateway_actor*, std::vector<connection_id>>> recipients;
  for (const auto& [connection, who] : where.subscribers) {
    if (!may_get(who.user, whom)) continue;
    auto group = std::find_if(recipients.begin(), recipients.end(),
                              [&to = who.gateway](const auto& each) { return *each.first == to; });
    if (group == recipients.end()) group = recipients.insert(group, {&who.gateway, {}});
    group->second.push_back({connection});
  }
  for (auto& [gateway, connections] : recipients)
    self->send(*gateway, emit_event{std::move(connections), where.nsp, "data", json, std::to_string(seq)});
  where.bytes += json.size();
  where.kept.push_back({seq, std::move(whom), std::move(json)});
  while (where.kept.size() > kept_events || where.bytes > kept_bytes) {
    where.bytes -= where.kept.front().json.size();
    where.kept.pop_front();
  }
}

void bulletin_state::tell(const status_message& message) {
  publish(channels_[status_messages], {message.about, message.only_user},
          antimony::status_payload({random_uuid(), now_(), message.source, message.content, message.log_content,
                                    static_cast<int>(message.level)}));
}

void bulletin_state::tell(const lab_update& update) {
  publish(channels_[lab_updates], {update.about, {}},
          antimony::lab_update_payload(update.lab ? update.lab->value : ""));
}

void bulletin_state::tell(const shell_notice& notice) {
  const auto& shell = notice.shell;
  if (shell.user_id.empty()) return; // nobody's; an empty recipient would mean everybody
  publish(channels_[shell_commands], {{}, shell.user_id},
          antimony::shell_payload({shell.lab.value, shell.node, shell.id.value, notice.command, notice.message}));
}

bulletin_actor::behavior_type bulletin(bulletin_actor::stateful_pointer<bulletin_state> self, bulletin_setup setup) {
  self->state.begin(std::move(setup));
  self->set_down_handler([self](caf::down_msg& msg) { self->state.drop(msg.source); });
  return {[self](const status_message& message) { self->state.tell(message); },
          [self](const lab_update& update) { self->state.tell(update); },
          [self](const shell_notice& notice) { self->state.tell(notice); },
          [self](const bulletin_subscription& who) { return self->state.subscribe(who); },
          [self](const leave_stream& who) { self->state.leave(who); }};
}

} // namespace stibium
