#include "actors/directory.hpp"

namespace stibium {

void directory_state::note(const socket_presence& socket) {
  purge_presences();
  if (socket.left) return void(presences_.erase(socket.pid));
  if (!socket.lost) {
    // Room is only made by those that nobody holds any more; without it the socket cannot be resumed.
    if (presences_.size() >= max_presences) drop_oldest_loss();
    if (presences_.size() >= max_presences && !presences_.contains(socket.pid)) return;
    auto& entry = presences_[socket.pid];
    entry.sid = socket.sid;
    entry.nsp = socket.nsp;
    entry.user_id = socket.user_id;
    ++entry.holders;
    return;
  }
  const auto found = presences_.find(socket.pid);
  if (found == presences_.end() || found->second.holders == 0 || --found->second.holders != 0) return;
  if (losses_.size() >= 2 * max_presences) drop_oldest_loss();
  found->second.loss = ++order_;
  losses_.push_back({socket.pid, order_, self->clock().now()});
}

caf::result<std::string> directory_state::reclaim(const std::string& pid, const std::string& nsp,
                                                  const std::string& user_id) {
  purge_presences();
  const auto found = presences_.find(pid);
  if (found == presences_.end() || found->second.nsp != nsp || found->second.user_id != user_id)
    return failure(ec::namespace_not_found, "there is no such socket to resume");
  ++found->second.holders;
  return found->second.sid;
}

void directory_state::drop_oldest_loss() {
  while (!losses_.empty()) {
    const auto oldest = std::move(losses_.front());
    losses_.pop_front();
    const auto found = presences_.find(oldest.pid);
    // It may have been resumed, or lost again, since.
    if (found == presences_.end() || found->second.holders != 0 || found->second.loss != oldest.order) continue;
    presences_.erase(found);
    return;
  }
}

void directory_state::purge_presences() {
  const auto now = self->clock().now();
  while (!losses_.empty() && now - losses_.front().when > world_.bounds.recovery_window) {
    const auto found = presences_.find(losses_.front().pid);
    if (found != presences_.end() && found->second.holders == 0 && found->second.loss == losses_.front().order)
      presences_.erase(found);
    losses_.pop_front();
  }
}

} // namespace stibium
