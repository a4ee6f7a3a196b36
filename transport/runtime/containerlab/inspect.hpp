#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace stibium::containerlab {

/// A node in the answer of `containerlab inspect --all --format json`. It has no name of its own there: that is known
/// by the container's labels.
struct inspected_node {
  std::string lab;
  std::string topology; ///< the file's absolute path
  std::string container_id, container_name, image, kind;
  std::string state;      ///< Docker's: "running", "exited", "paused", ...
  std::string ipv4, ipv6; ///< without prefix lengths; empty when there are none
};

/// Reads that answer; also the older form, one list under `containers`. Error: `runtime_failed`.
caf::expected<std::vector<inspected_node>> read_inspect(std::string_view json);

/// "172.20.20.2/24" → "172.20.20.2"; what stands for none ("N/A", "") → "".
std::string bare_address(std::string_view text);

} // namespace stibium::containerlab
