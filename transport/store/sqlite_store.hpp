#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/store/storage_error.hpp"

#include <memory>

namespace stibium::store {

class database;

/// Opens (or makes) the database in the data folder. Throws `storage_error`. Kept apart from the actor, so that a
/// start fails with a clear text, and so that a restarted store goes on with the same connection.
std::shared_ptr<database> open_database(const std::string& folder);

/// Spawns the STORE on a thread of its own. Every failure is answered with `storage_failed`; none ends the actor.
store_actor spawn_store(const nursery& in, uint64_t parent, std::shared_ptr<database> data);

} // namespace stibium::store
