#include "actors/session.hpp"

#include "actors/secret_id.hpp"

#include <algorithm>

namespace stibium {

using antimony::error_code;
using antimony::namespace_kind;

namespace {

caf::error lab_ended(const caf::error& why) {
  if (!why || why == caf::exit_reason::normal) return failure(ec::lab_not_found, "the lab is gone");
  if (why == caf::exit_reason::user_shutdown) return failure(ec::shutting_down, "the service is shutting down");
  return failure(ec::internal, "the lab's actor has failed; its state is being restored");
}

caf::error shell_ended() { return failure(ec::shell_not_found, "the shell has ended"); }

} // namespace

/// One that fails says what a lost connection says: the client comes back and may resume.
session_state::~session_state() {
  for (const auto& each : sockets_)
    for (const auto* pid : {&each.pid, &each.spare})
      if (!pid->empty())
        caf::anon_send(directory_, socket_presence{*pid, {}, each.nsp, each.user->user_id, true, false});
}

void session_state::begin(session_setup setup) {
  // The handles only: thousands of sessions may be idle.
  accounts_ = std::move(setup.world.accounts);
  bulletin_ = std::move(setup.world.bulletin);
  directory_ = std::move(setup.world.directory);
  swapped_ = setup.world.bounds.reference_node_commands;
  gateway_ = std::move(setup.gateway);
  connection_ = setup.connection;
  recovery_ = setup.recovery;
}

session_state::socket* session_state::find(const std::string& nsp) {
  const auto found = std::find_if(sockets_.begin(), sockets_.end(), [&](const socket& s) { return s.nsp == nsp; });
  return found == sockets_.end() ? nullptr : &*found;
}

session_state::socket* session_state::find(uint64_t serial) {
  const auto found =
      std::find_if(sockets_.begin(), sockets_.end(), [&](const socket& s) { return s.serial == serial; });
  return found == sockets_.end() ? nullptr : &*found;
}

void session_state::forget(socket& which, bool lost) {
  for (const auto* pid : {&which.pid, &which.spare}) {
    if (!pid->empty()) self->send(directory_, socket_presence{*pid, {}, which.nsp, which.user->user_id, lost, !lost});
  }
  if (which.shell) unwatch(which.shell.address());
  if (&which != &sockets_.back()) which = std::move(sockets_.back());
  sockets_.pop_back();
}

void session_state::disconnect(const client_disconnect& what) {
  const auto give_up = [&] { refuse(what.nsp, "Invalid namespace", error_code::generic, "the client has left"); };
  if (std::erase_if(deferred_, [&](const client_connect& each) { return each.nsp == what.nsp; }) != 0) give_up();
  auto* which = find(what.nsp);
  if (!which) return;
  if (!which->answered) give_up();
  forget(*which, false);
}

void session_state::lost() {
  while (!sockets_.empty()) forget(sockets_.back(), true);
  deferred_.clear();
  lost_ = true;
  end_when_done();
}

void session_state::answered() {
  --awaited_;
  end_when_done();
}

void session_state::end_when_done() {
  // Commands go on; the errors of those without an ack still become status messages.
  const auto matters = [](const auto& each) { return !each.second.ack && !each.second.input; };
  if (lost_ && awaited_ == 0 && std::none_of(tasks_.begin(), tasks_.end(), matters)) self->quit();
}

// -- opening a namespace ----------------------------------------------------------------------------------------------

void session_state::refuse(const std::string& nsp, const char* title, error_code code, std::string detail) {
  self->send(gateway_, refuse_namespace{connection_, nsp, title, static_cast<int>(code), std::move(detail)});
}

void session_state::refuse(uint64_t serial, const caf::error& why) {
  auto* which = find(serial);
  if (!which) return; // the client has left, and has been answered
  const auto nsp = which->nsp;
  forget(*which, false);
  refuse(nsp, why);
}

void session_state::refuse(const std::string& nsp, const caf::error& why) {
  if (why == ec::unauthorized) return refuse(nsp, "Unauthorized", error_code::no_access, message_of(why));
  if (why == ec::invalid_token) return refuse(nsp, "Invalid Token", error_code::no_access, message_of(why));
  if (why == ec::no_access) return refuse(nsp, "No Access", error_code::no_access, message_of(why));
  if (why == caf::sec::request_receiver_down)
    return refuse(nsp, "Invalid namespace", error_code::not_found, "what the namespace leads to has ended");
  // Whatever else: the title that makes clients try again later.
  refuse(nsp, "Invalid namespace", to_error_code(why), message_of(why));
}

void session_state::connect(const client_connect& request) {
  // Two answers under way for one namespace could overtake each other.
  if (std::any_of(joining_.begin(), joining_.end(), [&](const auto& each) { return each.second == request.nsp; }))
    return deferred_.push_back(request);
  if (auto* earlier = find(request.nsp)) forget(*earlier, false);
  auto auth = antimony::parse_connect_auth(request.auth);
  if (auth.malformed) return refuse(request.nsp, "Invalid Token", error_code::no_access, "the token is not a token");
  if (!auth.token) return refuse(request.nsp, "Unauthorized", error_code::no_access, "a token is needed: auth.token");
  if (sockets_.size() >= max_sockets)
    return refuse(request.nsp, "Invalid namespace", error_code::generic, "the connection has too many namespaces");
  const auto serial = ++serial_;
  auto& fresh = sockets_.emplace_back();
  fresh.serial = serial;
  fresh.nsp = request.nsp;
  fresh.kind = antimony::parse_namespace(request.nsp).kind;
  self->request(accounts_, caf::infinite, atom::verify_v, std::move(*auth.token))
      .then([this, serial, pid = auth.pid, after = auth.resume_after](
                identity& user) { verified(serial, std::make_shared<const identity>(std::move(user)), pid, after); },
            [this, serial](caf::error& err) { refuse(serial, err); });
}

void session_state::verified(uint64_t serial, who user, const std::string& pid, std::optional<uint64_t> resume_after) {
  auto* which = find(serial);
  if (!which) return;
  which->user = std::move(user);
  names fresh{secret_id(), recovery_ ? secret_id() : std::string{}, {}, {}, {}};
  if (!recovery_ || pid.empty()) {
    registered(*which, fresh.pid, fresh.sid);
    which->pid = fresh.pid;
    return open(serial, std::move(fresh));
  }
  ++awaited_;
  self->request(directory_, caf::infinite, atom::reclaim_v, pid, which->nsp, which->user->user_id)
      .then(
          [this, serial, pid, resume_after, fresh](std::string& sid) {
            auto* found = find(serial);
            if (found) {
              registered(*found, fresh.pid, fresh.sid);
              found->pid = pid;
              found->spare = fresh.pid;
              open(serial, {std::move(sid), pid, resume_after, fresh.sid, fresh.pid});
            } else {
              // The client went away meanwhile; it may come back once more.
              self->send(directory_, socket_presence{pid, {}, {}, {}, true, false});
            }
            answered();
          },
          [this, serial, fresh](caf::error&) {
            if (auto* found = find(serial)) {
              registered(*found, fresh.pid, fresh.sid);
              found->pid = fresh.pid;
              open(serial, fresh);
            }
            answered();
          });
}

void session_state::registered(const socket& which, const std::string& pid, const std::string& sid) {
  if (!pid.empty()) self->send(directory_, socket_presence{pid, sid, which.nsp, which.user->user_id, false, false});
}

template <class Handle, class What>
void session_state::subscribe(socket& which, const Handle& whom, What what) {
  which.answered = true;
  joining_.emplace_back(which.serial, which.nsp);
  self->request(whom, caf::infinite, std::move(what))
      .then([this, serial = which.serial] { subscribed(serial, {}); },
            [this, serial = which.serial](caf::error& err) { subscribed(serial, err); });
}

void session_state::open(uint64_t serial, names called) {
  auto* which = find(serial);
  if (!which) return;
  subscription how{gateway_,   connection_,         which->nsp,       called.sid,
                   called.pid, called.resume_after, called.fresh_sid, called.fresh_pid};
  switch (which->kind) {
  case namespace_kind::root:
  case namespace_kind::lab_commands:
    which->answered = true;
    return self->send(gateway_, open_namespace{connection_, which->nsp, called.sid, called.pid, {}});
  case namespace_kind::status_messages:
  case namespace_kind::lab_updates:
  case namespace_kind::shell_commands:
    return subscribe(*which, bulletin_, bulletin_subscription{std::move(how), *which->user});
  case namespace_kind::lab_log:
  case namespace_kind::node_log:
  case namespace_kind::shell:
    self->request(directory_, caf::infinite, atom::find_v, which->nsp, *which->user)
        .then([this, serial, how](const stream_ref& where) { join(serial, where, how); },
              [this, serial](caf::error& err) { refuse(serial, err); });
    return;
  case namespace_kind::unknown:
    return refuse(serial, failure(ec::namespace_not_found, "there is no namespace " + which->nsp));
  }
}

void session_state::join(uint64_t serial, const stream_ref& where, subscription how) {
  auto* which = find(serial);
  if (!which) return;
  if (where.shell) {
    // Known before the client is told, so that not even its first key can be too early.
    which->shell = where.shell;
    watch(where.shell.address());
  }
  subscribe(*which, where.stream, std::move(how));
}

void session_state::subscribed(uint64_t serial, const caf::error& err) {
  const auto entry =
      std::find_if(joining_.begin(), joining_.end(), [&](const auto& each) { return each.first == serial; });
  if (entry == joining_.end()) return;
  const auto nsp = std::move(entry->second);
  joining_.erase(entry);
  if (err) {
    if (auto* which = find(serial)) forget(*which, false);
    refuse(nsp, err);
  }
  const auto next =
      std::find_if(deferred_.begin(), deferred_.end(), [&](const client_connect& each) { return each.nsp == nsp; });
  if (next == deferred_.end()) return;
  const auto request = std::move(*next);
  deferred_.erase(next);
  connect(request);
}

// -- who is asked -----------------------------------------------------------------------------------------------------

void session_state::watch(const caf::actor_addr& whom) {
  for (auto& [address, count] : watched_) {
    if (address == whom) return void(++count);
  }
  watched_.emplace_back(whom, 1);
  self->monitor(whom);
}

void session_state::unwatch(const caf::actor_addr& whom) {
  const auto found =
      std::find_if(watched_.begin(), watched_.end(), [&](const auto& each) { return each.first == whom; });
  if (found == watched_.end() || --found->second != 0) return;
  self->demonitor(whom);
  watched_.erase(found);
}

void session_state::lab_failed(uint64_t id, const caf::error& why) {
  if (why != caf::sec::request_receiver_down) failed(id, why); // else `down` follows, and knows why it has ended
}

void session_state::shell_failed(uint64_t id, const caf::error& why) {
  failed(id, why == caf::sec::request_receiver_down ? shell_ended() : why);
}

void session_state::down(const caf::down_msg& msg) {
  std::erase_if(watched_, [&](const auto& each) { return each.first == msg.source; });
  std::vector<uint64_t> orphans;
  for (const auto& [id, what] : tasks_) {
    if (what.asked == msg.source) orphans.push_back(id);
  }
  std::sort(orphans.begin(), orphans.end()); // acks in the order of the events
  for (const auto id : orphans) failed(id, tasks_[id].of_shell ? shell_ended() : lab_ended(msg.reason));
  for (size_t i = 0; i < sockets_.size();) {
    if (sockets_[i].shell && sockets_[i].shell.address() == msg.source)
      forget(sockets_[i], false);
    else
      ++i;
  }
}

session_actor::behavior_type session(session_actor::stateful_pointer<session_state> self, session_setup setup) {
  self->state.begin(std::move(setup));
  self->set_down_handler([self](caf::down_msg& msg) { self->state.down(msg); });
  return {[self](const client_event& event) { self->state.handle(event); }, // first: most often
          [self](const client_connect& request) { self->state.connect(request); },
          [self](const client_disconnect& what) { self->state.disconnect(what); },
          [self](const connection_lost&) { self->state.lost(); }};
}

} // namespace stibium
