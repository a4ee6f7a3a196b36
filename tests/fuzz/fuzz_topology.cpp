#include "protocol/topology/collection.hpp"
#include "protocol/topology/topology.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace stibium::topology;

void fuzz(std::string_view input) {
  const auto got = read_topology(input);
  require(got.value.has_value() == got.errors.empty());
  require(got.errors.size() <= max_problems && got.warnings.size() <= max_problems);
  for (const auto& each : got.errors) require(!each.message.empty());
  if (got.value) {
    require(!got.value->name.empty() && !got.value->nodes.empty());
    for (const auto& each : got.value->nodes) require(!each.kind.empty());
    for (const auto& link : got.value->links) {
      require(link.ends.size() == (link.type == link_type::veth ? 2 : 1));
      for (const auto& end : link.ends) require(got.value->find_node(end.node) != nullptr && !end.interface.empty());
    }
  }
  const auto other = read_collection(input);
  require(other.value.has_value() == other.errors.empty());
}
