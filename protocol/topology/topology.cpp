#include "protocol/topology/topology.hpp"

#include "protocol/topology/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stibium::topology {

namespace {

constexpr size_t max_lab_name = 64;

bool is_lab_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= max_lab_name && letter(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || c == '-' || c == '_' || c == '.' || c == ' '; });
}

void read_name(checker& check, const yaml_value& root, definition& into) {
  if (!check.text(root, "name", into.name)) {
    const auto* name = root.find("name");
    if (!name || name->is_null()) check.error(root, "name is missing: add \"name: <the lab's name>\" at the top");
    return;
  }
  if (!is_lab_name(into.name))
    check.error(
        *root.find("name"),
        fmt::format("\"{}\" cannot be a lab's name: use up to {} letters, digits, \"-\", \"_\", \".\" and blanks, "
                    "beginning with a letter or digit",
                    into.name.substr(0, 80), max_lab_name));
}

void read_management(checker& check, const yaml_value& root, definition& into) {
  const auto* mgmt = check.map(root, "mgmt");
  if (!mgmt) return;
  check.text(*mgmt, "network", into.mgmt.network);
  check.text(*mgmt, "bridge", into.mgmt.bridge);
  check.text(*mgmt, "ipv4-subnet", into.mgmt.ipv4_subnet);
  check.text(*mgmt, "ipv6-subnet", into.mgmt.ipv6_subnet);
  check.number(*mgmt, "mtu", 68, 65535, into.mgmt.mtu);
}

void read_root(checker& check, const yaml_value& root, definition& into) {
  static constexpr std::array<std::string_view, 6> known{"name", "prefix", "mgmt", "settings", "debug", "topology"};
  static constexpr std::array<std::string_view, 5> known_inside{"defaults", "kinds", "groups", "nodes", "links"};
  check.unknown_keys(root, known, "the file");
  read_name(check, root, into);
  std::string prefix;
  if (check.text(root, "prefix", prefix)) into.prefix = std::move(prefix);
  read_management(check, root, into);
  const auto* topology = check.map(root, "topology");
  if (!topology) {
    const auto* given = root.find("topology");
    if (!given || given->is_null())
      check.error(root, "topology is missing: add \"topology:\" with \"nodes:\" below it");
    return;
  }
  check.unknown_keys(*topology, known_inside, "topology");
  const auto errors_before = check.errors.size();
  read_nodes(check, *topology, into);
  read_links(check, *topology, check.errors.size() == errors_before, into);
}

void sort_by_place(std::vector<problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const problem& a, const problem& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  });
}

} // namespace

const node* definition::find_node(std::string_view node_name) const {
  for (const auto& each : nodes)
    if (each.name == node_name) return &each;
  return nullptr;
}

reading read_topology(std::string_view text) {
  reading out;
  yaml_limits limits;
  limits.text_bytes = max_topology_bytes;
  const auto root = read_yaml(text, limits);
  if (!root) {
    out.errors.push_back(root.error());
    return out;
  }
  checker check;
  definition made;
  if (root->is_map())
    read_root(check, *root, made);
  else
    check.error(fmt::format("the file holds {}, but must be a map with \"name:\" and \"topology:\"", describe(*root)));
  out.errors = std::move(check.errors);
  out.warnings = std::move(check.warnings);
  sort_by_place(out.errors);
  sort_by_place(out.warnings);
  if (out.errors.empty()) out.value = std::move(made);
  return out;
}

} // namespace stibium::topology
