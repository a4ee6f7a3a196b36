#pragma once

#include "transport/runtime/containerlab/snapshot.hpp"
#include "transport/runtime/docker/engine.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>

namespace stibium::containerlab {

/// Whether a topology file is one of ours: `<run root>/<lab id>/<instance>.clab.yml`, of that instance. What is not
/// ours is never touched.
bool is_ours(const std::string& topology, const std::string& instance, const std::string& run_root);

/// The nodes of all our instances, by instance. Blocks. Errors: those of the engine.
caf::expected<std::map<std::string, lab_seen>> look_at_all(docker::engine& engine, const std::string& run_root);

/// The nodes of one instance; empty when there is none. Blocks. Errors: those of the engine.
caf::expected<lab_seen> look_at(docker::engine& engine, const std::string& run_root, const std::string& instance);

} // namespace stibium::containerlab
