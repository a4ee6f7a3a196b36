#pragma once

#include "actors/interfaces.hpp"
#include "transport/runtime/containerlab/cli.hpp"
#include "transport/runtime/containerlab/docker_view.hpp"
#include "transport/runtime/lab_log.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

/// \file
/// What is done to an instance. All of it blocks, and runs on the thread of one command.

namespace stibium::containerlab {

/// What all commands work with. Copies share what must be shared; any thread.
struct tools {
  cli clab;
  docker::engine engine;
  clab_version version;
  std::chrono::milliseconds grace{10'000};
  /// Commands under way that may make or remove a management network.
  std::shared_ptr<std::atomic<int>> builders = std::make_shared<std::atomic<int>>(0);
  const std::string& run_root() const { return clab.how().run_root; }
};

/// One command on one instance.
struct clab_task {
  runtime_command command;
  lab_memory memory; ///< of the instance
  std::shared_ptr<const runtime::interrupter> stop;
};

/// How it ended.
struct clab_outcome {
  caf::error error;   ///< `runtime_failed`, `cancelled`, `node_not_found`, ...
  bool known = false; ///< whether `seen` says what is there now
  lab_seen seen;
  lab_memory memory;
};

/// Carries a command out; blocks until it is done. A deploy that fails or is cancelled leaves no container, network or
/// file behind.
clab_outcome carry_out(const tools& with, const clab_task& task);

/// Removes whatever there is of an instance: containers, its folder, its files, and `network` when that is not empty
/// and nobody uses it. Cannot be interrupted. Error: something may be left.
caf::error clean_up(const tools& with, const instance_ref& instance, const std::string& network, const line_sink& log);

/// Removes the network namespace where containerlab keeps the links of a stopped node, and with it the links at both
/// ends. Nothing there: nothing happens.
void drop_parked_links(const std::string& container);

/// Writes the topology file of an instance. Error: `runtime_failed`.
caf::error write_topology(const instance_ref& instance);

/// Takes lines to a log. Waits for it, now and then, when there are many: for threads that may block.
line_sink log_to(const log_sink_actor& sink);

/// The stop or restart of one node: SIGKILL comes when the grace is over.
clab_result node_command(const tools& with, const instance_files& files, const char* verb, const std::string& node,
                         const line_sink& log, const runtime::interrupter& stop);

/// Commands end by themselves long before; what they wait for (an image, say) can take its time.
inline constexpr std::chrono::hours command_deadline{12};
inline constexpr std::chrono::seconds clean_up_deadline{120};

} // namespace stibium::containerlab
