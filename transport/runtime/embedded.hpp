#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/runtime/sandbox.hpp"

#include <chrono>
#include <string>

namespace stibium::runtime {

/// How the embedded runtime works.
struct embedded_options {
  /// Holds the run folders of all labs (`instance_ref::folder` is one level below), absolute. Instances of an earlier
  /// process are found there.
  std::string run_root;
  /// How long a node that is stopped may take to end by itself (runtime.stopGrace).
  std::chrono::milliseconds stop_grace{5000};
  isolation wanted = isolation::automatic;
};

/// Spawns the embedded runtime: labs on Linux namespaces, without containers and images. It is pinned to `thread`, and
/// so are its terminals and log followers; what blocks runs on threads of its own. Finding out what the kernel allows
/// and what an earlier process has left takes some 100 ms here, before this returns.
///
/// Nodes outlive the runtime, however it ends. Its terminals do not. A log that is followed ends when its instance is
/// destroyed or deployed again.
runtime_actor spawn_embedded_runtime(const nursery& in, io::io_thread& thread, const embedded_options& options);

} // namespace stibium::runtime
