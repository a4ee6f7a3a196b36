#pragma once

#include "protocol/topology/problem.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::topology {

/// When a lab is deployed and destroyed by itself.
struct schedule {
  std::optional<std::chrono::system_clock::time_point> start, end;
};

/// What a `collection.yml` says of the topology files beside it.
struct collection {
  std::string creator;                       ///< user name; empty: the native user
  bool public_deploy = false;                ///< `publicDeploy`
  std::map<std::string, schedule> schedules; ///< `schedule`: by file name
};

/// What reading a file gives.
struct collection_reading {
  std::optional<collection> value; ///< there when `errors` is empty
  std::vector<problem> errors, warnings;
};

inline constexpr size_t max_collection_bytes = 64 * 1024;

/// Reads a `collection.yml`:
/// `creator: alice`, `publicDeploy: true`, `schedule: {ping.clab.yml: {startTime: 2024-05-01T08:00Z, endTime: ..}}`.
/// An empty file is a collection without anything. Never throws.
collection_reading read_collection(std::string_view text);

} // namespace stibium::topology
