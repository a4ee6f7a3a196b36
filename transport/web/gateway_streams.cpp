#include "protocol/socketio/packet.hpp"
#include "transport/web/gateway.hpp"
#include "transport/web/shard.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace stibium::web {

void gateway_state::join(const join_stream& what) {
  auto* client = client_of(what.connection);
  if (!client || !client->protocol.accept(what.nsp)) {
    caf::anon_send(what.owner, leave_stream{what.stream, what.connection, what.nsp});
    return;
  }
  auto& stream = streams_[what.stream.value];
  if (!stream) {
    stream = std::make_unique<gateway_stream>();
    stream->id = what.stream;
    stream->owner = what.owner;
  }
  auto& socket = add_socket(*client, what.nsp, what.sid, what.pid);
  socket.watch = std::make_unique<stream_watch>();
  auto& watch = *socket.watch;
  watch.who = client;
  watch.of = stream.get();
  watch.as = &variant_for(*stream, what.nsp, socket.offsets);
  watch.policy = what.policy;
  watch.at = stream->watches.size();
  stream->watches.push_back(&watch);
  ++watch.as->sockets;
  if (!what.resumed) return client->session.send(watch.as->encode.backlog(*what.snapshot), cargo::backlog, true);
  for (auto& chunk : watch.as->encode.data(what.snapshot->entries))
    client->session.send(std::move(chunk.batch), cargo::backlog, true);
}

stream_variant& gateway_state::variant_for(gateway_stream& of, const std::string& nsp, bool offsets) {
  for (auto& each : of.variants)
    if (each->encode.offsets() == offsets && each->encode.nsp() == nsp) return *each;
  return *of.variants.emplace_back(std::make_unique<stream_variant>(stream_encoder{nsp, offsets}));
}

void gateway_state::data(const stream_data& what) {
  auto found = streams_.find(what.stream.value);
  if (found == streams_.end()) return;
  auto& stream = *found->second;
  for (auto& each : stream.variants) each->chunks = each->encode.data(*what.entries);
  for (auto* watch : stream.watches)
    for (auto& chunk : watch->as->chunks) push(*watch, chunk);
  for (auto& each : stream.variants) each->chunks.clear();
}

void gateway_state::push(stream_watch& watch, const stream_chunk& chunk) {
  auto& session = watch.who->session;
  if (watch.policy == overflow::pause) {
    session.send(chunk.batch, cargo::stream, true); // somebody is typing
    if (!session.is_stuck() || std::exchange(watch.congested, true)) return;
    counters::add(home_->counted().congestions);
    caf::anon_send(watch.of->owner, atom::congested_v, connection_id{session.id()});
    return;
  }
  if (!session.is_stuck() && watch.skipped == 0) return session.send(chunk.batch, cargo::stream, false);
  watch.skipped += chunk.entries;
  watch.last_skipped_seq = chunk.last_seq;
  counters::add(home_->counted().lines_skipped, chunk.entries);
}

void gateway_state::tell_skipped(stream_watch& watch) {
  if (watch.skipped == 0) return;
  watch.who->session.send(watch.as->encode.marker(watch.skipped, watch.last_skipped_seq), cargo::stream, true);
  watch.skipped = 0;
}

void gateway_state::unwatch(stream_watch& watch) {
  auto& stream = *watch.of;
  stream.watches[watch.at] = stream.watches.back();
  stream.watches[watch.at]->at = watch.at;
  stream.watches.pop_back();
  if (--watch.as->sockets == 0) std::erase_if(stream.variants, [&](auto& each) { return each.get() == watch.as; });
  if (stream.watches.empty()) streams_.erase(stream.id.value);
}

void gateway_state::end(const end_stream& what) {
  auto found = streams_.find(what.stream.value);
  if (found == streams_.end()) return;
  // The last one takes the stream with it.
  for (auto left = found->second->watches.size(); left > 0; --left) {
    auto& watch = *found->second->watches.back();
    auto& client = *watch.who;
    auto nsp = watch.as->encode.nsp();
    tell_skipped(watch);
    leave(client, nsp, false); // the owner knows
    take_away(client, nsp);
  }
}

} // namespace stibium::web
