#include "transport/web/gateway.hpp"

#include "protocol/socketio/json.hpp"
#include "protocol/socketio/packet.hpp"
#include "transport/web/shard.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace stibium::web {

using socketio::deed;

gateway_client::gateway_client(engine_session& on, const socketio::connection_limits& limits)
    : session(on)
    , protocol(limits)
    , connect_by(this, [](void* me) {
      auto& client = *static_cast<gateway_client*>(me);
      if (client.protocol.awaits_connect()) client.session.close(close_cause::connect_timeout);
    }) {}

gateway_socket* gateway_client::find(std::string_view nsp) {
  auto found = std::find_if(sockets.begin(), sockets.end(), [&](auto& socket) { return socket.nsp == nsp; });
  return found == sockets.end() ? nullptr : &*found;
}

gateway_state::~gateway_state() {
  if (home_) home_->detach();
}

void gateway_state::begin(shard& where, caf::execution_unit* unit, std::shared_ptr<const server_options> how) {
  unit_ = unit;
  home_ = &where;
  options_ = std::move(how);
  limits_.connect_timeout = static_cast<uint32_t>(options_->connect_timeout.count());
  limits_.max_attachment_bytes = static_cast<uint32_t>(options_->max_payload);
  home_->begin(*this);
}

gateway_client* gateway_state::client_of(connection_id which) {
  auto found = clients_.find(which.value);
  return found == clients_.end() ? nullptr : found->second;
}

// -- from sockets -----------------------------------------------------------------------------------------------------

void gateway_state::opened(engine_session& on, client_info client) {
  auto fresh = std::make_unique<gateway_client>(on, limits_);
  client.recovery = client.recovery && options_->recovery;
  fresh->actor = options_->make_session(gateway_actor{self}, {on.id()}, std::move(client), unit_);
  self->monitor(fresh->actor);
  home_->arm(fresh->connect_by, options_->connect_timeout);
  clients_.emplace(on.id(), fresh.get());
  on.attached = std::move(fresh);
}

void gateway_state::text(engine_session& on, std::string_view message) {
  auto& client = static_cast<gateway_client&>(*on.attached);
  if (auto mended = socketio::mend_surrogates(message)) return act(client, client.protocol.text(*mended));
  act(client, client.protocol.text(message));
}

void gateway_state::binary(engine_session& on, std::string_view message) {
  auto& client = static_cast<gateway_client&>(*on.attached);
  act(client, client.protocol.binary(message));
}

void gateway_state::act(gateway_client& on, const socketio::action& what) {
  switch (what.what) {
  case deed::reconnect:
    leave(on, what.nsp, true);
    caf::anon_send(on.actor, client_disconnect{std::string{what.nsp}});
    [[fallthrough]];
  case deed::connect:
    on.connect_by.disarm();
    caf::anon_send(on.actor, client_connect{std::string{what.nsp}, std::string{what.json}});
    break;
  case deed::event:
    caf::anon_send(on.actor, client_event{std::string{what.nsp},
                                          what.id,
                                          std::string{what.json},
                                          {what.attachments.begin(), what.attachments.end()}});
    break;
  case deed::left:
    leave(on, what.nsp, true);
    caf::anon_send(on.actor, client_disconnect{std::string{what.nsp}});
    break;
  case deed::violate: on.session.close(close_cause::parse_error); break;
  case deed::ack: // nothing that is sent asks for one
  case deed::nothing: break;
  }
}

void gateway_state::relieved(engine_session& on) {
  auto& client = static_cast<gateway_client&>(*on.attached);
  for (auto& socket : client.sockets) {
    if (!socket.watch) continue;
    tell_skipped(*socket.watch);
    if (std::exchange(socket.watch->congested, false))
      caf::anon_send(socket.watch->of->owner, atom::drained_v, connection_id{on.id()});
  }
}

void gateway_state::closed(engine_session& on, close_cause why) {
  auto& client = static_cast<gateway_client&>(*on.attached);
  client.connect_by.disarm();
  while (!client.sockets.empty()) leave(client, client.sockets.back().nsp, true);
  self->demonitor(client.actor.address());
  caf::anon_send(client.actor, connection_lost{std::string{to_string(why)}});
  client.actor = nullptr;
  clients_.erase(on.id());
}

void gateway_state::down(const caf::down_msg& what) {
  // Only sessions of clients that are still here are monitored, so this is rare.
  auto found = std::find_if(clients_.begin(), clients_.end(),
                            [&](auto& each) { return each.second->actor.address() == what.source; });
  if (found != clients_.end()) found->second->session.close(close_cause::session_failed);
}

// -- from actors ------------------------------------------------------------------------------------------------------

gateway_socket& gateway_state::add_socket(gateway_client& on, const std::string& nsp, const std::string& sid,
                                          const std::string& pid) {
  std::string packet;
  socketio::append_connect(packet, nsp, sid, pid);
  on.session.send_text(packet);
  auto& socket = on.sockets.emplace_back();
  socket.nsp = nsp;
  socket.offsets = !pid.empty();
  return socket;
}

void gateway_state::open(const open_namespace& what) {
  auto* client = client_of(what.connection);
  if (!client || !client->protocol.accept(what.nsp)) {
    if (what.owner) caf::anon_send(what.owner, leave_stream{{}, what.connection, what.nsp});
    return;
  }
  add_socket(*client, what.nsp, what.sid, what.pid).owner = what.owner;
}

void gateway_state::refuse(const refuse_namespace& what) {
  auto* client = client_of(what.connection);
  if (!client || !client->protocol.refuse(what.nsp)) return;
  std::string detail, packet;
  if (what.code != 0) {
    detail = "{\"code\":" + std::to_string(what.code) + ",\"message\":";
    socketio::append_json_string(detail, what.detail);
    detail.push_back('}');
  }
  socketio::append_connect_error(packet, what.nsp, what.title, detail);
  client->session.send_text(packet);
}

namespace {

/// Frames of a packet and its attachments; `json` is the array.
wire_ptr frames_of(const socketio::packet& packet, const std::vector<std::string>& attachments) {
  wire_ptr batch{new wire_batch};
  std::string text;
  socketio::append_packet(text, packet);
  append_frame(batch->frames, opcode::text, text);
  for (auto& bytes : attachments) append_frame(batch->frames, opcode::binary, bytes);
  return batch;
}

wire_ptr event_frames(const emit_event& what, bool offsets) {
  auto json = "[" + socketio::json_string(what.event);
  if (!what.json.empty()) json.append(",").append(what.json);
  if (offsets && !what.offset.empty()) json.append(",").append(socketio::json_string(what.offset));
  json.push_back(']');
  auto binary = !what.attachments.empty();
  return frames_of({binary ? socketio::packet_type::binary_event : socketio::packet_type::event, what.nsp, std::nullopt,
                    static_cast<uint32_t>(what.attachments.size()), json},
                   what.attachments);
}

} // namespace

void gateway_state::emit(const emit_event& what) {
  // What goes to few is probably an answer; what goes to many may wait for company.
  constexpr size_t few = 8;
  wire_ptr encoded[2];
  for (auto& to : what.to) {
    auto* client = client_of(to);
    auto* socket = client ? client->find(what.nsp) : nullptr;
    if (!socket) continue;
    auto& batch = encoded[socket->offsets ? 1 : 0];
    if (!batch) batch = event_frames(what, socket->offsets);
    auto dropped = client->session.make_room(batch->frames.size());
    if (client->session.is_full())
      ++dropped; // full of what must not be dropped
    else
      client->session.send(batch, cargo::bulletin, what.to.size() <= few);
    if (dropped > 0) counters::add(home_->counted().bulletins_dropped, dropped);
  }
}

void gateway_state::ack(const reply& what) {
  auto* client = client_of(what.connection);
  if (!client || !client->find(what.nsp)) return;
  if (what.attachments.empty()) {
    text_.clear();
    socketio::append_ack(text_, what.nsp, what.ack, what.json);
    return client->session.send_text(text_);
  }
  auto json = "[" + what.json + "]";
  auto count = static_cast<uint32_t>(what.attachments.size());
  client->session.send(
      frames_of({socketio::packet_type::binary_ack, what.nsp, what.ack, count, json}, what.attachments), cargo::direct,
      true);
}

void gateway_state::end(const end_namespace& what) {
  auto* client = client_of(what.connection);
  if (!client || !client->protocol.is_open(what.nsp)) return;
  leave(*client, what.nsp, true);
  take_away(*client, what.nsp);
}

void gateway_state::take_away(gateway_client& on, const std::string& nsp) {
  if (!on.protocol.close(nsp)) return;
  // Before the client can ask for it again: the session would take that for the namespace that it knows.
  caf::anon_send(on.actor, client_disconnect{nsp});
  std::string packet;
  socketio::append_disconnect(packet, nsp);
  on.session.send_text(packet);
}

void gateway_state::leave(gateway_client& on, std::string_view nsp, bool tell_owner) {
  auto* socket = on.find(nsp);
  if (!socket) return;
  leave_stream gone{{}, {on.session.id()}, socket->nsp};
  if (socket->watch) {
    gone.stream = socket->watch->of->id;
    auto owner = socket->watch->of->owner;
    unwatch(*socket->watch);
    if (tell_owner) caf::anon_send(owner, std::move(gone));
  } else if (socket->owner && tell_owner) {
    caf::anon_send(socket->owner, std::move(gone));
  }
  if (socket != &on.sockets.back()) *socket = std::move(on.sockets.back());
  on.sockets.pop_back();
}

gateway_actor::behavior_type gateway(gateway_actor::stateful_pointer<gateway_state> self, shard* where,
                                     caf::execution_unit* unit, std::shared_ptr<const server_options> how) {
  auto& state = self->state;
  self->set_down_handler([&state](caf::down_msg& what) { state.down(what); });
  state.begin(*where, unit, std::move(how));
  // In the order in which CAF compares them: what comes most often first.
  return {[&state](const stream_data& what) { state.data(what); },
          [&state](const reply& what) { state.ack(what); },
          [&state](const emit_event& what) { state.emit(what); },
          [&state](const open_namespace& what) { state.open(what); },
          [&state](const refuse_namespace& what) { state.refuse(what); },
          [&state](const end_namespace& what) { state.end(what); },
          [&state](const join_stream& what) { state.join(what); },
          [&state](const end_stream& what) { state.end(what); }};
}

} // namespace stibium::web
