#include "actors/subscribers.hpp"

#include <caf/actor_cast.hpp>
#include <caf/local_actor.hpp>

#include <algorithm>

namespace stibium {

void subscribers::add(const gateway_actor& gateway, connection_id connection, const std::string& nsp) {
  auto found = std::find_if(gateways_.begin(), gateways_.end(), [&](const group& g) { return g.gateway == gateway; });
  if (found == gateways_.end()) {
    self_->monitor(gateway);
    found = gateways_.insert(gateways_.end(), group{gateway, {}});
  }
  found->sockets.emplace(connection, nsp);
}

void subscribers::join(const subscription& who, stream_id stream, const stream_owner_actor& owner, overflow policy,
                       backlog& kept) {
  join_stream told{who.connection, who.nsp, who.sid, who.pid, stream, owner, policy, false, nullptr};
  if (who.resume_after) {
    told.snapshot = kept.after(*who.resume_after);
    told.resumed = told.snapshot != nullptr;
    if (!told.resumed) told.sid = who.fresh_sid, told.pid = who.fresh_pid;
  }
  if (!told.resumed) told.snapshot = kept.all();
  add(who.gateway, who.connection, who.nsp);
  tell(who.gateway, caf::make_message(std::move(told)));
}

bool subscribers::remove(connection_id connection, const std::string& nsp) {
  const std::pair socket{connection, nsp};
  for (auto it = gateways_.begin(); it != gateways_.end(); ++it) {
    if (it->sockets.erase(socket) == 0) continue;
    if (it->sockets.empty()) {
      self_->demonitor(it->gateway.address());
      gateways_.erase(it);
    }
    return true;
  }
  return false;
}

bool subscribers::has(connection_id connection) const {
  return std::any_of(gateways_.begin(), gateways_.end(), [&](const group& g) {
    const auto first = g.sockets.lower_bound({connection, {}});
    return first != g.sockets.end() && first->first == connection;
  });
}

std::vector<connection_id> subscribers::drop(const caf::actor_addr& gateway) {
  std::vector<connection_id> gone;
  std::erase_if(gateways_, [&](const group& g) {
    if (g.gateway.address() != gateway) return false;
    for (const auto& [connection, nsp] : g.sockets) gone.push_back(connection);
    return true;
  });
  return gone;
}

void subscribers::send(const caf::message& what) {
  for (const auto& g : gateways_) tell(g.gateway, what);
}

void subscribers::tell(const gateway_actor& gateway, caf::message what) {
  caf::actor_cast<caf::actor_control_block*>(gateway)->enqueue(self_->ctrl(), caf::make_message_id(), std::move(what),
                                                               self_->context());
}

void subscribers::end(stream_id stream) {
  if (gateways_.empty()) return;
  send(caf::make_message(end_stream{stream}));
  for (const auto& g : gateways_) self_->demonitor(g.gateway.address());
  gateways_.clear();
}

size_t subscribers::size() const {
  size_t sum = 0;
  for (const auto& g : gateways_) sum += g.sockets.size();
  return sum;
}

} // namespace stibium
