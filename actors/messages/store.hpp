#pragma once

#include "actors/messages/labs.hpp"

#include <optional>
#include <string>
#include <vector>

/// \file
/// Accounts, and what outlives the process.

namespace stibium {

/// Somebody who wants to log in.
struct login_attempt {
  std::string username, password;
  std::string client; ///< whom failures are counted for: its address, or the part of it that is its own
};

/// What a login hands out.
struct login_tokens {
  std::string access, auth; ///< JWTs
};

/// A lab that was seen in the labs folder.
struct stored_lab {
  lab_id id;
  std::string path, name, collection;
  bool deployed_once = false; ///< has a log
};

/// An instance that exists, or existed when the process was killed.
struct stored_instance {
  instance_ref where;
  lab_state_code state = lab_state_code::deploying;
  time_point since{};
};

/// A command that is being carried out; what is left at a start was cut off.
struct journal_entry {
  uint64_t id = 0; ///< made by the store when 0
  lab_id lab;
  lab_verb verb = lab_verb::deploy;
  std::string node, instance;
  time_point begun{};
};

/// A user who may hold tokens.
struct stored_user {
  identity who;
  bool native = false; ///< the configured login
};

/// All that a start needs.
struct stored_state {
  std::vector<stored_lab> labs;
  std::vector<stored_instance> instances;
  std::vector<journal_entry> journal;
  std::vector<stored_user> users;
};

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::login_attempt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::login_tokens)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_lab)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_instance)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::journal_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_user)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_state)
