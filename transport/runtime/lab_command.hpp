#pragma once

#include "actors/interfaces.hpp"
#include "transport/runtime/lab_work.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace stibium::runtime {

/// What a command tells while it runs. Called on its thread.
struct lab_reports {
  std::function<void(const instance_record&)> known; ///< the instance is there from now on
  std::function<void()> removing;                    ///< its nodes end from now on because they are told to
  std::function<void(const std::string& node, const node_process&)> up; ///< a node runs
};

/// One command on one instance, and all that it needs.
struct lab_command_task {
  runtime_command command;
  std::optional<instance_record> record; ///< of the instance, when it is there
  std::shared_ptr<const sandbox> box;
  std::shared_ptr<const interrupter> stop;
  std::chrono::milliseconds grace{5000};
  std::string name_space; ///< makes the names of network namespaces differ from those of other services
  lab_reports reports;
};

/// How a command ended.
struct lab_outcome {
  caf::error error;   ///< `runtime_failed`, `cancelled`, `node_not_found`, ...
  bool there = false; ///< whether there is an instance now
  std::map<std::string, node_addresses> addresses;
};

/// Carries a command out; blocks until it is done. A deploy that fails or is cancelled leaves nothing behind.
lab_outcome carry_out(const lab_command_task& task);

/// Removes whatever is left of an instance: processes, namespaces, links, files. Cannot be interrupted.
caf::error remove_instance(const sandbox& box, const instance_record& record, const lab_log& log);

/// The container's name and id that clients see: "clab-<instance>-<node>", and 64 hex digits that only depend on it.
std::string container_name(const std::string& instance, const std::string& node);
std::string container_id(const std::string& instance, const std::string& node);

} // namespace stibium::runtime
