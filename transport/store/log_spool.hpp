#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/store/spool_file.hpp"

#include <functional>
#include <string>

namespace stibium::store {

/// Spawns the SPOOL of one lab's log, on the pool: `folder`/<labId>.log. Failures are answered with `storage_failed`;
/// none ends the actor.
spool_actor spawn_spool(const nursery& in, uint64_t parent, const std::string& folder, spool_bounds bounds,
                        const lab_id& lab);

/// For `house::make_spool`.
std::function<spool_actor(const lab_id&)> spool_maker(const nursery& in, std::string folder, spool_bounds bounds);

} // namespace stibium::store
