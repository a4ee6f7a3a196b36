#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/store/labs_scanner.hpp"

namespace stibium::store {

/// The LABS FOLDER watches the topology files. It sends `lab_file` and `lab_file_gone` to the directory and status
/// messages to the bulletin; changes are gathered until the folder is quiet for a moment, 2 s at most.
using labs_folder_actor = caf::typed_actor<
    // Its own clock.
    caf::reacts_to<atom::tick>,
    // Looks now; answered when what was found has been sent.
    caf::reacts_to<atom::refresh>>;

/// Spawns it, on the pool. It takes its first look at once.
labs_folder_actor spawn_labs_folder(const nursery& in, uint64_t parent, labs_settings settings,
                                    directory_actor directory, bulletin_actor bulletin);

} // namespace stibium::store
