#include "actors/directory.hpp"
#include "actors/secret_id.hpp"
#include "protocol/antimony/namespaces.hpp"

#include <algorithm>

namespace stibium {

using antimony::namespace_kind;

bool directory_state::follows(const caf::actor_addr& stream) const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [&](const auto& each) { return each.second.stream.address() == stream; });
}

void directory_state::announce(const announce_stream& what) {
  if (!what.stream) return;
  std::vector<stream_actor> replaced;
  for (const auto& nsp : what.names) {
    const bool known = follows(what.stream.address());
    auto& entry = streams_[nsp];
    if (entry.stream && entry.stream != what.stream) replaced.push_back(entry.stream);
    entry = {what.lab, what.stream};
    if (!known) self->monitor(what.stream);
  }
  // A lab that was restored has streams of its own: those who follow the old ones must come anew.
  for (const auto& old : replaced) {
    if (follows(old.address())) continue;
    self->demonitor(old.address());
    self->send_exit(old, caf::exit_reason::user_shutdown);
  }
}

void directory_state::withdraw(const withdraw_stream& what) {
  for (const auto& nsp : what.names) {
    const auto found = streams_.find(nsp);
    if (found == streams_.end()) continue;
    const auto stream = found->second.stream;
    streams_.erase(found);
    if (!follows(stream.address())) self->demonitor(stream.address());
  }
}

void directory_state::forget_streams_of(const lab_id& lab) {
  std::vector<stream_actor> gone;
  std::erase_if(streams_, [&](const auto& each) {
    if (each.second.lab != lab) return false;
    gone.push_back(each.second.stream);
    return true;
  });
  for (const auto& stream : gone) {
    self->demonitor(stream.address());
    self->send_exit(stream, caf::exit_reason::user_shutdown);
  }
}

void directory_state::stream_down(const caf::actor_addr& who) {
  std::erase_if(streams_, [&](const auto& each) { return each.second.stream.address() == who; });
  std::erase_if(shells_, [&](const auto& each) { return each.second.shell && each.second.shell.address() == who; });
}

caf::result<stream_ref> directory_state::find(const std::string& nsp, const identity& who) const {
  const auto parts = antimony::parse_namespace(nsp);
  if (parts.kind == namespace_kind::shell) {
    const auto found = shells_.find(parts.shell_id);
    if (found == shells_.end() || !found->second.shell)
      return failure(ec::namespace_not_found, "there is no such shell");
    const bool own = found->second.info.user_id == who.user_id;
    if (!own && !who.is_admin) return failure(ec::no_access, "this is another user's shell");
    return stream_ref{found->second.shell, own ? found->second.shell : shell_actor{}};
  }
  const auto found = streams_.find(nsp);
  if (found == streams_.end()) return failure(ec::namespace_not_found, "there is no namespace " + nsp);
  const auto lab = labs_.find(found->second.lab.value);
  if (lab == labs_.end()) return failure(ec::namespace_not_found, "there is no namespace " + nsp);
  if (!antimony::may_see(who, lab->second.file.collection)) return failure(ec::no_access, "no access to this lab");
  return stream_ref{found->second.stream, {}};
}

// -- shells -----------------------------------------------------------------------------------------------------------

caf::result<shell_id> directory_state::reserve(const identity& who) {
  const auto held = std::count_if(shells_.begin(), shells_.end(),
                                  [&](const auto& each) { return each.second.info.user_id == who.user_id; });
  if (static_cast<size_t>(held) >= world_.bounds.shells_per_user)
    return failure(ec::shell_limit,
                   "no more than " + std::to_string(world_.bounds.shells_per_user) + " shells of one user may be open");
  shell_entry entry;
  entry.order = ++order_;
  entry.info.id = {random_uuid()};
  entry.info.user_id = who.user_id;
  entry.reserved_by = caf::actor_cast<caf::actor_addr>(self->current_sender());
  const auto id = entry.info.id;
  shells_.emplace(id.value, std::move(entry));
  return id;
}

void directory_state::opened(const shell_opened& what) {
  auto& entry = shells_[what.info.id.value];
  if (entry.shell) return;
  if (entry.order == 0) entry.order = ++order_;
  entry.info = what.info;
  entry.shell = what.shell;
  self->monitor(what.shell); // one that has ended already tells so at once
}

void directory_state::release(const shell_id& shell) {
  const auto found = shells_.find(shell.value);
  if (found == shells_.end()) return;
  if (found->second.shell) self->demonitor(found->second.shell.address());
  shells_.erase(found);
}

caf::result<std::vector<shell_info>> directory_state::list(const lab_id& lab, const identity& who) const {
  const auto entry = visible(lab, who);
  if (!entry) return entry.error();
  std::vector<const shell_entry*> own;
  for (const auto& [id, shell] : shells_) {
    if (shell.shell && shell.info.lab == lab && shell.info.user_id == who.user_id) own.push_back(&shell);
  }
  std::sort(own.begin(), own.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  std::vector<shell_info> infos;
  infos.reserve(own.size());
  for (const auto* shell : own) infos.push_back(shell->info);
  return infos;
}

caf::result<shell_actor> directory_state::find(const lab_id& lab, const shell_id& shell, const identity& who) const {
  const auto found = shells_.find(shell.value);
  if (found == shells_.end() || !found->second.shell || found->second.info.lab != lab)
    return failure(ec::shell_not_found, "there is no such shell in this lab");
  if (found->second.info.user_id != who.user_id && !who.is_admin)
    return failure(ec::no_access, "this is another user's shell");
  return found->second.shell;
}

} // namespace stibium
