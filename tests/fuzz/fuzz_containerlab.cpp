#include "protocol/topology/topology.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "transport/runtime/containerlab/events.hpp"
#include "transport/runtime/containerlab/inspect.hpp"
#include "transport/runtime/containerlab/output.hpp"
#include "transport/runtime/containerlab/topology_text.hpp"

#include <algorithm>

using namespace stibium;

void fuzz(std::string_view input) {
  containerlab::output_reader reader;
  for (auto rest = input; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    require(reader.take(line, true).find('\x1b') == std::string::npos);
    if (const auto event = containerlab::read_event(line)) require(!event->lab.empty() || !event->container_id.empty());
  }
  require(reader.reason().size() <= containerlab::max_reason);
  containerlab::read_inspect(input);
  // Whatever is deployed carries the instance's name, and reads as what the user wrote does.
  const auto text = containerlab::instance_topology(input, "instance-1", "/labs");
  const auto before = topology::read_topology(input);
  if (!text || !before.value) return;
  const auto after = topology::read_topology(*text);
  require(after.value && after.value->name == "instance-1");
  require(after.value->nodes.size() == before.value->nodes.size());
  require(after.value->links.size() == before.value->links.size());
}
