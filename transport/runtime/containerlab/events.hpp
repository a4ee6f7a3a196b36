#pragma once

#include <cstdint>
#include <map>
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
  link_lost,  ///< an interface of it is gone
  link_there, ///< an interface of it is there
};

/// The name of the value, for people: "started", "died", ...
std::string to_string(happening what);

/// One event about one node of one lab.
struct lab_event {
  happening what = happening::present;
  std::string lab, node; ///< by label; `node` is empty for `link_...`: the container's id tells
  std::string topology;  ///< the topology file's path, by label; empty when unknown
  std::string kind, container_id, container_name;
  std::string exit_code, signal; ///< of `died`, of `killed`; empty when unknown
  std::string ipv4, ipv6;        ///< management addresses without prefix length; empty when unknown
  std::string interface;         ///< of `link_...`
  int64_t time_ns = 0;           ///< since 1970; 0 when unknown
};

/// Reads one line of `containerlab events --format json`. Nothing for what concerns no node of a lab, for events that
/// change nothing (exec, numbers of interfaces), and for what cannot be read.
std::optional<lab_event> read_event(std::string_view line);

/// The same from Docker's `/events`.
std::optional<lab_event> read_docker_event(const std::string& action, const std::string& container_id,
                                           const std::map<std::string, std::string>& attributes, int64_t time_ns);

/// An RFC 3339 time in nanoseconds since 1970; 0 when it is none.
int64_t nanoseconds_of(std::string_view time);

/// What one of Docker's own words for a container's event means ("die", "exec_start: ..."); nothing when it changes
/// nothing here.
std::optional<happening> read_action(std::string_view action);

} // namespace stibium::containerlab
