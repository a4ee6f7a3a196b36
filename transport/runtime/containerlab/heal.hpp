#pragma once

#include "protocol/topology/topology.hpp"
#include "transport/runtime/containerlab/work.hpp"

#include <set>
#include <string>
#include <vector>

namespace stibium::containerlab {

/// A look at one instance, and its repair when something is wrong.
struct heal_task {
  instance_ref instance;
  lab_memory memory;
  bool links_lost = false;     ///< repaired even when all nodes are as they should be
  std::set<link_end> given_up; ///< missing ends of links that an earlier repair did not bring back
  log_sink_actor log;          ///< may be null
  std::shared_ptr<const runtime::interrupter> stop;
};

/// What came of it.
struct heal_outcome {
  caf::error error;
  bool known = false;    ///< whether `seen` and `memory` say what is there now
  bool repaired = false; ///< something was wrong, and is right now
  lab_seen seen;
  lab_memory memory;
  std::vector<patient> patients;           ///< what was wrong
  std::set<link_end> missing;              ///< ends of links that are not there now
  std::vector<std::string> restarting;     ///< nodes that Docker is about to start again
  std::map<std::string, std::string> told; ///< by node: what was done, for people
};

/// Looks, and puts right what is wrong: `deploy` brings containers and links back, then the `exec` lines of the nodes
/// at both ends of each new link run again, then nodes that users have stopped are stopped again. Blocks.
heal_outcome heal(const tools& with, const heal_task& task);

/// The links of a topology.
std::vector<lab_link> links_of(const topology::definition& plan);

/// The nodes at the other ends of a node's links.
std::set<std::string> peers_of(const topology::definition& plan, const std::string& node);

/// "node n1 ...": what was wrong and has been put right.
std::string describe_repair(const patient& who, const std::set<std::string>& peers);

} // namespace stibium::containerlab
