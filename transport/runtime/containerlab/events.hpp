#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stibium::containerlab {

/// What can happen to a node.
enum class happening : uint8_t {
  present, ///< it runs: the first word about it
  created,
  started,
  died,
  stopped,
  killed, ///< was sent a signal
  paused,
  unpaused,
  removed,
  link_lost, ///< an interface of it is gone
};

/// The name of the value, for people: "started", "died", ...
std::string to_string(happening what);

/// One event about one node of one lab.
struct lab_event {
  happening what = happening::present;
  std::string lab, node; ///< by label; `node` is empty for `link_lost`: the container's id tells
  std::string topology;  ///< the topology file's path, by label; empty when unknown
  std::string kind, container_id, container_name;
  std::string exit_code, signal; ///< of `died`, of `killed`; empty when unknown
  std::string interface;         ///< of `link_lost`
};

/// Reads one line of `containerlab events --format json`. Nothing for what concerns no node of a lab, for events that
/// change nothing (exec, interface changes other than losses), and for what cannot be read.
std::optional<lab_event> read_event(std::string_view line);

/// What one of Docker's own words for a container's event means ("die", "exec_start: ..."); nothing when it changes
/// nothing here.
std::optional<happening> read_action(std::string_view action);

} // namespace stibium::containerlab
