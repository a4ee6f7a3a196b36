#include "script.hpp"

#include <yaml-cpp/yaml.h>

namespace stibium::harness {

std::string node_script::text(const std::string& key) const {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string{} : found->second;
}

uint64_t node_script::number(const std::string& key) const { return has(key) ? std::stoull(text(key)) : 0; }

std::vector<node_script> read_scripts(const std::string& topology) {
  const std::string prefix = "script.";
  std::vector<node_script> out;
  for (const auto& entry : YAML::Load(topology)["topology"]["nodes"]) {
    node_script node;
    node.name = entry.first.as<std::string>();
    const auto& body = entry.second;
    node.kind = body.IsMap() && body["kind"] ? body["kind"].as<std::string>() : "linux";
    if (body.IsMap() && body["labels"])
      for (const auto& label : body["labels"])
        if (const auto key = label.first.as<std::string>(); key.starts_with(prefix))
          node.labels[key.substr(prefix.size())] = label.second.as<std::string>();
    out.push_back(std::move(node));
  }
  return out;
}

node_script script_for(const std::vector<node_script>& nodes, const std::string& verb) {
  for (const auto& node : nodes) {
    const auto first = node.labels.lower_bound(verb + ".");
    if (first != node.labels.end() && first->first.starts_with(verb + ".")) return node;
  }
  return {};
}

} // namespace stibium::harness
