#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"

#include <functional>

namespace stibium {

/// Limits that the contract names; every one is configurable.
struct limits {
  size_t backlog_lines = 10000;               ///< logs.backlogLines
  size_t backlog_bytes = 4 * 1024 * 1024;     ///< logs.backlogBytes: of one log, whatever its lines
  size_t line_bytes = 64 * 1024;              ///< logs.lineBytes: longer lines are cut into several
  size_t scrollback_bytes = 256 * 1024;       ///< shell.scrollbackBytes
  size_t shells_per_user = 20;                ///< shell.userLimit
  std::chrono::seconds shell_timeout{1800};   ///< shell.timeout: without input or output
  size_t parallel_commands = 2;               ///< runtime.parallel
  std::chrono::seconds command_deadline{600}; ///< runtime.deadline: of one command, from its start
  std::chrono::seconds recovery_window{120};  ///< server.recoveryWindow
  bool reference_node_commands = false;       ///< compat.nodeCommandIds: reference swaps 2 and 3
};

/// What actors of this house know of each other. A value; handles of actors that are not made yet are null. The
/// guardian fills it in, in the order in which it starts them: store, accounts, bulletin, runtime, supervisor,
/// scheduler, directory, orphans.
struct house {
  nursery births;
  uint64_t guardian = 0; ///< CAF id of the guardian, the parent of those that it starts
  limits bounds;
  store_actor store;
  accounts_actor accounts;
  bulletin_actor bulletin;
  runtime_actor runtime;
  supervisor_actor supervisor;
  scheduler_actor scheduler;
  directory_actor directory;
  orphans_actor orphans;
  std::function<spool_actor(const lab_id&)> make_spool; ///< the lab log's file; implemented in transport/
  std::function<std::string(const lab_id&)> run_folder; ///< where a lab's instance lives, absolute
  std::function<time_point()> now = [] { return std::chrono::system_clock::now(); }; ///< the time of day; tests move it
};

} // namespace stibium
