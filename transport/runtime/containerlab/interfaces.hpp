#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace stibium::containerlab {

/// The network interfaces in the network namespace of a container's main process, as /proc shows them: no program runs
/// in the container. Nothing when the process cannot be seen from here, or is not that container's. Any thread.
std::optional<std::set<std::string>> interfaces_of(int pid, const std::string& container_id);

/// The names in the text of /proc/PID/net/dev; other lines are passed over.
std::set<std::string> read_interface_names(std::string_view text);

} // namespace stibium::containerlab
