#include "transport/runtime/containerlab/interfaces.hpp"

#include "transport/runtime/state_file.hpp"

namespace stibium::containerlab {

std::optional<std::set<std::string>> interfaces_of(int pid, const std::string& container_id) {
  if (pid <= 0 || container_id.empty()) return std::nullopt;
  const auto home = "/proc/" + std::to_string(pid);
  const auto names = runtime::read_file(home + "/net/dev");
  // Docker may count its processes otherwise than we do: that it is the right one is told by its cgroup, afterwards.
  const auto groups = runtime::read_file(home + "/cgroup");
  if (!names || !groups || groups->find(container_id) == std::string::npos) return std::nullopt;
  return read_interface_names(*names);
}

std::set<std::string> read_interface_names(std::string_view text) {
  std::set<std::string> result;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto from = line.find_first_not_of(' ');
    const auto colon = line.rfind(": "); // a name may have colons itself
    if (from == std::string_view::npos || colon == std::string_view::npos || colon <= from) continue;
    result.emplace(line.substr(from, colon - from));
  }
  return result;
}

} // namespace stibium::containerlab
