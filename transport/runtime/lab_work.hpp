#pragma once

#include "protocol/topology/topology.hpp"
#include "transport/runtime/lab_log.hpp"
#include "transport/runtime/sandbox.hpp"
#include "transport/runtime/state_file.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>

/// \file
/// What is done to an instance, step by step. All of it blocks, and runs on the thread of one command.

namespace stibium::runtime {

/// Everything that the steps of one command work with.
struct lab_work {
  const sandbox& box;
  const interrupter& stop;
  const lab_log& log;
  instance_record record;
  topology::definition plan; ///< what `record.topology` says
  std::chrono::milliseconds grace{5000};

  /// Runs a program to its end; an exit code other than 0 is `runtime_failed` with its last error line.
  caf::expected<run_result> must(program what, std::string input = {}) const;
};

// -- networks (networks.cpp) ------------------------------------------------------------------------------------------

/// Makes the network namespaces of all nodes.
caf::error make_networks(const lab_work& work);

/// Makes the links between them, and says so one by one.
caf::error make_links(const lab_work& work);

/// Puts a node's network back to what its links alone make: no addresses, no interfaces of its own, links down.
caf::error reset_network(const lab_work& work, const node_record& node);

/// Removes the network namespaces and with them the links. What is not there is fine.
caf::error remove_networks(const lab_work& work);

/// The first IPv4 and IPv6 addresses of a node's interfaces.
struct node_addresses {
  std::string ipv4, ipv6; ///< without prefix lengths; empty when there are none
};
/// Those of all nodes, by name; what cannot be read is left out.
std::map<std::string, node_addresses> read_addresses(const lab_work& work);

// -- nodes (nodes.cpp) ------------------------------------------------------------------------------------------------

/// Writes the script that is PID 1 of every node, and empty logs for all nodes.
caf::error write_files(const lab_work& work);

/// Starts a node's process tree in its network namespace, brings its links up and then runs its `cmd`. Its outer
/// process is a child of this process: `try_reap` it when it has ended.
caf::expected<node_process> start_node(const lab_work& work, const node_record& node);

/// Runs the `exec` lines of a node. One that fails is a line in the log. Error: `cancelled`.
caf::error run_exec(const lab_work& work, const node_record& node, const node_process& process);

/// Sends SIGKILL to a node's process tree, whose end is then near.
void kill_process(const instance_record& record, const node_process& process);

/// Ends a node's process tree: SIGTERM, `grace`, SIGKILL; only SIGKILL when `at_once`. Fine when it has ended already.
caf::error stop_process(const lab_work& work, const node_record& node, const node_process& process, bool at_once);

/// "KEY=value" for what runs in a node.
std::vector<std::string> node_environment(const topology::node& node);

} // namespace stibium::runtime
