#pragma once

#include "actors/messages.hpp"
#include "transport/store/storage_error.hpp"

#include <memory>
#include <string>

namespace stibium::store {

/// What must outlive the process, in SQLite (write-ahead log): labs, instances, the journal of running commands, users.
/// Used by one thread at a time; blocks. Every call either happens as a whole or throws `storage_error`.
class database {
public:
  /// Opens `folder`/stibium.db and brings it up to date; makes both when they are not there. Throws when the file is
  /// corrupt, cannot be written or was made by a newer version. That one service uses it is the caller's to see to.
  explicit database(const std::string& folder);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// All there is; lists are ordered by id.
  stored_state load();

  void save(const stored_lab& lab);
  void save(const stored_instance& instance);
  void save(const stored_user& user);
  /// Saves an entry under its id, or under a new one when that is 0; answers the id.
  uint64_t save(const journal_entry& entry);

  /// The lab's instance is gone.
  void erase_instance(const lab_id& lab);
  /// A command is done.
  void erase_journal(uint64_t id);

private:
  struct connection;
  std::unique_ptr<connection> connection_;
};

/// The version of the tables that this program writes.
inline constexpr int schema_version = 1;

} // namespace stibium::store
