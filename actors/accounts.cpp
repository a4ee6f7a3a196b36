#include "actors/accounts.hpp"

#include "protocol/antimony/token.hpp"
#include "protocol/antimony/uuid.hpp"

#include <caf/all.hpp>

namespace stibium {

namespace {

bool same_rights(const identity& a, const identity& b) {
  return a.name == b.name && a.is_admin == b.is_admin && a.groups == b.groups;
}

caf::error unauthorized() { return failure(ec::unauthorized, "a token is needed"); }

caf::error gone() { return failure(ec::invalid_token, "the token's user is not known"); }

caf::error too_many(std::chrono::seconds wait) {
  return failure(ec::too_many_attempts,
                 "too many failed logins; try again in " + std::to_string(wait.count()) + " seconds", wait);
}

caf::error unsigned_token() { return failure(ec::internal, "a token could not be signed"); }

} // namespace

void accounts_state::begin(accounts_setup setup) {
  setup_ = std::move(setup);
  for (const auto& user : setup_.users)
    if (!user.native) users_[user.who.user_id] = {user.who, {}};
  setup_.users.clear();
  if (setup_.native_username.empty()) return;
  native_id_ = antimony::user_uuid(setup_.native_username);
  users_[native_id_] = {{native_id_, setup_.native_username, true, {}}, {}};
  save_native();
}

// The native user works without being saved; what fails is tried again at the next login.
void accounts_state::save_native() {
  self->request(setup_.store, store_deadline, atom::save_v, stored_user{users_[native_id_].who, true})
      .then([this] { native_saved_ = true; }, [](caf::error&) {});
}

caf::result<identity> accounts_state::verify(const std::string& token) {
  if (token.empty()) return unauthorized();
  const auto claims = antimony::verify_access_token(setup_.signing_key, token, setup_.now());
  if (!claims) return failure(ec::invalid_token, antimony::to_string(claims.error()));
  const auto found = users_.find(claims->user_id);
  if (!claims->minted) {
    if (found == users_.end()) return gone();
    auto who = found->second.who;
    who.is_admin = who.is_admin && claims->is_admin;
    return who;
  }
  identity who{claims->user_id, claims->name, claims->is_admin, claims->groups};
  // The native user stays what it is, whatever tokens are made under its name.
  if (who.user_id == native_id_) return who;
  const bool newer = found == users_.end() || claims->not_before >= found->second.token_begins;
  if (!newer || (found != users_.end() && same_rights(found->second.who, who))) return who;
  return save_then_answer(std::move(who), claims->not_before);
}

caf::result<identity> accounts_state::save_then_answer(identity who, time_point begins) {
  auto promise = self->make_response_promise<identity>();
  self->request(setup_.store, store_deadline, atom::save_v, stored_user{who, false})
      .then(
          [this, promise, who, begins]() mutable {
            auto& known = users_[who.user_id];
            if (begins >= known.token_begins) known = {who, begins};
            promise.deliver(std::move(who));
          },
          [promise](caf::error& err) mutable {
            promise.deliver(failure(ec::storage_failed, "the user cannot be saved: " + message_of(err)));
          });
  return promise;
}

caf::result<login_tokens> accounts_state::login(const login_attempt& attempt) {
  const auto& [username, password, client] = attempt;
  const auto at = self->clock().now();
  if (const auto wait = throttle_.wait(client, username, at); wait > wait.zero()) return too_many(wait);
  // Both are compared in any case: how long it takes says nothing.
  const bool right_name = antimony::same_secret(username, setup_.native_username);
  const bool right_password = antimony::same_secret(password, setup_.native_password);
  if (!right_name || !right_password) {
    throttle_.failed(client, username, at);
    return failure(ec::wrong_credentials, "wrong user name or password");
  }
  throttle_.succeeded(client, username);
  if (!native_saved_) save_native();
  const auto now = setup_.now();
  login_tokens out{antimony::make_access_token(setup_.signing_key, users_[native_id_].who, now),
                   antimony::make_auth_token(setup_.signing_key, native_id_, now)};
  if (out.access.empty() || out.auth.empty()) return unsigned_token();
  return out;
}

caf::result<std::string> accounts_state::refresh(const std::string& token) {
  if (token.empty()) return unauthorized();
  const auto now = setup_.now();
  const auto id = antimony::verify_auth_token(setup_.signing_key, token, now);
  if (!id) return failure(ec::invalid_token, antimony::to_string(id.error()));
  const auto found = users_.find(*id);
  if (found == users_.end()) return gone();
  auto made = antimony::make_access_token(setup_.signing_key, found->second.who, now);
  if (made.empty()) return unsigned_token();
  return made;
}

accounts_actor::behavior_type accounts(accounts_actor::stateful_pointer<accounts_state> self, accounts_setup setup) {
  self->state.begin(std::move(setup));
  return {[self](atom::verify, const std::string& token) { return self->state.verify(token); },
          [self](atom::login, const login_attempt& attempt) { return self->state.login(attempt); },
          [self](atom::refresh, const std::string& token) { return self->state.refresh(token); }};
}

} // namespace stibium
