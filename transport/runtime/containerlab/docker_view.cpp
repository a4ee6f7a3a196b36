#include "transport/runtime/containerlab/docker_view.hpp"

#include "actors/error.hpp"
#include "transport/runtime/containerlab/interfaces.hpp"

#include <algorithm>

namespace stibium::containerlab {

namespace {

std::string label(const docker::container& from, const char* key) {
  const auto found = from.labels.find(key);
  return found == from.labels.end() ? std::string{} : found->second;
}

// The management address: of several networks the first that has one.
void take_addresses(node_seen& node, const std::vector<docker::network_address>& networks) {
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [](const auto& each) { return !each.ipv4.empty() || !each.ipv6.empty(); });
  if (found == networks.end()) return;
  node.ipv4 = found->ipv4;
  node.ipv6 = found->ipv6;
}

// False when the container is gone meanwhile.
caf::expected<bool> take_details(docker::engine& engine, node_seen& node) {
  const auto details = engine.inspect(node.container_id);
  if (!details) {
    if (details.error() == ec::node_not_found) return false;
    return details.error();
  }
  node.started_at = details->started_at;
  node.exit_code = details->exit_code;
  if (!details->state.empty()) node.state = details->state;
  take_addresses(node, details->networks);
  node.interfaces = interfaces_of(details->pid, node.container_id);
  return true;
}

node_seen describe(const docker::container& from) {
  node_seen node;
  node.lab = label(from, "containerlab");
  node.node = label(from, "clab-node-name");
  node.kind = label(from, "clab-node-kind");
  node.topology = label(from, "clab-topo-file");
  node.container_id = from.id;
  node.container_name = from.name;
  node.state = from.state;
  return node;
}

caf::expected<std::map<std::string, lab_seen>> look(docker::engine& engine, const std::string& run_root,
                                                    const std::string& filter) {
  auto containers = engine.list({filter});
  if (!containers) return std::move(containers.error());
  std::map<std::string, lab_seen> result;
  for (const auto& each : *containers) {
    auto node = describe(each);
    if (node.node.empty() || !is_ours(node.topology, node.lab, run_root)) continue;
    const auto there = take_details(engine, node);
    if (!there) return there.error();
    if (*there) result[node.lab].emplace(node.node, std::move(node));
  }
  return result;
}

} // namespace

bool is_ours(const std::string& topology, const std::string& instance, const std::string& run_root) {
  if (instance.empty() || run_root.empty() || !topology.starts_with(run_root + "/")) return false;
  const auto below = topology.substr(run_root.size() + 1);
  const auto slash = below.find('/');
  return slash != std::string::npos && slash > 0 && below.substr(slash + 1) == instance + ".clab.yml";
}

caf::expected<std::map<std::string, lab_seen>> look_at_all(docker::engine& engine, const std::string& run_root) {
  return look(engine, run_root, "containerlab");
}

caf::expected<lab_seen> look_at(docker::engine& engine, const std::string& run_root, const std::string& instance) {
  auto all = look(engine, run_root, "containerlab=" + instance);
  if (!all) return std::move(all.error());
  return std::move((*all)[instance]);
}

} // namespace stibium::containerlab
