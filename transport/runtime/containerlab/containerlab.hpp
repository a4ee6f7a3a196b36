#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/runtime/shell_kinds.hpp"
#include "transport/runtime/ssh/ssh_channel.hpp"

#include <chrono>
#include <string>

namespace stibium::containerlab {

/// How the containerlab runtime works.
struct options {
  /// Holds the run folders of all labs (`instance_ref::folder` is one level below), absolute.
  std::string run_root;
  std::string binary = "containerlab";          ///< a path, or a name that PATH finds (runtime.containerlab)
  std::string docker_host;                      ///< as DOCKER_HOST; empty: the environment's (runtime.docker)
  std::chrono::milliseconds stop_grace{10'000}; ///< between SIGTERM and SIGKILL (runtime.stopGrace)
  runtime::shell_kinds shells;
  runtime::host_keys host_keys = runtime::host_keys::ignore;
  std::string known_hosts; ///< the file; needed unless keys are ignored
};

/// Instances that are repaired at the same time; the others wait for their turn.
inline constexpr int max_repairs = 4;

/// Spawns the containerlab runtime: labs on containerlab and Docker. It is pinned to `thread`, and so are its terminals
/// and log followers; what blocks runs on threads of its own. Before this returns it ends what an earlier process has
/// left running and looks at Docker and containerlab once, which takes some 100 ms, or 5 s when Docker hangs.
///
/// Labs outlive the runtime, however it ends. Without Docker or containerlab it lives, says why it is not ready, and
/// looks again; commands are answered with `runtime_unavailable` meanwhile. A node that dies, or is killed or removed
/// by somebody else, is repaired (`heal`). Containers of labs that do not lie below `run_root` are never touched.
runtime_actor spawn_containerlab_runtime(const nursery& in, io::io_thread& thread, const options& how);

} // namespace stibium::containerlab
