#pragma once

#include "actors/interfaces.hpp"
#include "protocol/antimony/login_throttle.hpp"

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace stibium {

/// What the accounts start with.
struct accounts_setup {
  store_actor store;
  std::string signing_key;
  std::string native_username;    ///< an admin; empty: there is no native login
  std::string native_password;    ///< an empty one never fits
  std::vector<stored_user> users; ///< as the store has them; earlier native users are left out: their tokens are void
  std::function<time_point()> now = [] { return std::chrono::system_clock::now(); };
};

/// See `accounts_actor`. A minted token stands for itself: name, groups and rights are those in it, its user is saved
/// on first use, and the latest token's groups are kept. Other access tokens have the groups and rights of the user as
/// they are kept. Tokens of users that are not known are `invalid_token`.
struct accounts_state {
  static constexpr const char* name = "accounts";
  /// How long the store may take before a new user is refused.
  static constexpr std::chrono::seconds store_deadline{10};

  explicit accounts_state(accounts_actor::pointer self)
      : self{self} {}

  void begin(accounts_setup setup);
  caf::result<identity> verify(const std::string& token);
  caf::result<login_tokens> login(const login_attempt& attempt);
  caf::result<std::string> refresh(const std::string& token);

  accounts_actor::pointer self;

private:
  /// A user, and when the token was made that its groups come from.
  struct account {
    identity who;
    time_point token_begins{};
  };

  caf::result<identity> save_then_answer(identity who, time_point begins);
  void save_native();

  accounts_setup setup_;
  std::string native_id_;
  bool native_saved_ = false;
  std::unordered_map<std::string, account> users_; ///< by id
  antimony::login_throttle throttle_;
};

/// Runs the accounts.
accounts_actor::behavior_type accounts(accounts_actor::stateful_pointer<accounts_state> self, accounts_setup setup);

} // namespace stibium
