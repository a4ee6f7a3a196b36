#include "protocol/topology/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace stibium::topology {

namespace {

constexpr size_t max_other_interface_name = 64;
constexpr int least_mtu = 68, most_mtu = 65535;

constexpr std::array<std::pair<std::string_view, link_type>, 7> link_types{{{"veth", link_type::veth},
                                                                            {"host", link_type::host},
                                                                            {"mgmt-net", link_type::mgmt_net},
                                                                            {"macvlan", link_type::macvlan},
                                                                            {"dummy", link_type::dummy},
                                                                            {"vxlan", link_type::vxlan},
                                                                            {"vxlan-stitch", link_type::vxlan_stitch}}};

std::optional<link_type> find_link_type(std::string_view name) {
  for (const auto& [text, type] : link_types)
    if (text == name) return type;
  return std::nullopt;
}

// Kinds whose interfaces are plain Linux ones; others translate names of their own.
bool has_linux_interfaces(std::string_view kind) {
  static constexpr std::array<std::string_view, 5> kinds{"linux", "bridge", "ovs-bridge", "host", "ext-container"};
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool is_other_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= max_other_interface_name &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c != ':' && c != 0x7F; });
}

// Reads the links one by one and remembers which interfaces they use.
class link_reader {
public:
  link_reader(checker& check, bool nodes_complete, definition& into)
      : check_{check}
      , nodes_complete_{nodes_complete}
      , into_{into} {
    for (const auto& made : into.nodes) nodes_[made.name] = &made;
  }

  void read(const yaml_value& entry) {
    if (!entry.is_map()) {
      check_.error(entry, fmt::format("a link must be a map, not {}: write \"- endpoints: [\"n1:eth1\", \"n2:eth1\"]\"",
                                      describe(entry)));
      return;
    }
    link made;
    made.line = entry.line;
    check_.number(entry, "mtu", least_mtu, most_mtu, made.mtu);
    static constexpr std::array<std::string_view, 18> known{
        "type",   "endpoints", "endpoint", "mtu", "host-interface", "mode",     "vars",     "labels",
        "ipv4",   "ipv6",      "remote",   "vni", "dst-port",       "src-port", "udp-port", "parent-interface",
        "params", "name"};
    check_.unknown_keys(entry, known, "a link");
    std::string type;
    const bool good = check_.text(entry, "type", type) ? read_typed(entry, type, made) : read_short(entry, made);
    if (good && use(entry, made)) into_.links.push_back(std::move(made));
  }

private:
  bool refuse(const yaml_value& where, std::string message) {
    check_.error(where, std::move(message));
    return false;
  }

  const yaml_value* two_endpoints(const yaml_value& entry) {
    const auto* ends = entry.find("endpoints");
    if (ends && ends->is_sequence() && ends->items.size() == 2) return ends;
    check_.error(ends && !ends->is_null() ? *ends : entry,
                 "a link needs two endpoints: write \"endpoints: [\"n1:eth1\", \"n2:eth1\"]\"");
    return nullptr;
  }

  bool read_short(const yaml_value& entry, link& made) {
    const auto* ends = two_endpoints(entry);
    if (!ends) return false;
    bool special = false;
    for (const auto& item : ends->items) {
      if (!item.is_scalar()) {
        endpoint end;
        if (!read_end(item, end)) return false;
        made.ends.push_back(std::move(end));
        continue;
      }
      const auto colon = item.text.find(':');
      const auto name = item.text.substr(0, colon);
      const auto rest = colon == std::string::npos ? std::string{} : item.text.substr(colon + 1);
      if (is_reserved_node_name(name)) {
        if (special) return refuse(item, "one end of a link must be in a node");
        special = true;
        made.type = *find_link_type(name);
        made.host_interface = rest;
      } else if (colon == std::string::npos) {
        return refuse(item, fmt::format("\"{}\" is no endpoint: write \"node:interface\"", item.text.substr(0, 80)));
      } else {
        made.ends.push_back({name, rest, {}, {}, {}, item.line});
      }
    }
    read_addresses(entry, made);
    return true;
  }

  // `ipv4: [a, b]` beside the endpoints, one per end.
  void read_addresses(const yaml_value& entry, link& made) {
    std::vector<std::string> v4, v6;
    check_.texts(entry, "ipv4", v4);
    check_.texts(entry, "ipv6", v6);
    for (size_t i = 0; i < made.ends.size(); ++i) {
      if (i < v4.size()) made.ends[i].ipv4 = v4[i];
      if (i < v6.size()) made.ends[i].ipv6 = v6[i];
    }
  }

  bool read_typed(const yaml_value& entry, const std::string& type, link& made) {
    const auto found = find_link_type(type);
    if (!found)
      return refuse(*entry.find("type"), fmt::format("unknown link type \"{}\": use veth, host, mgmt-net, macvlan, "
                                                     "dummy, vxlan or vxlan-stitch",
                                                     type.substr(0, 80)));
    made.type = *found;
    if (made.type == link_type::veth) {
      const auto* ends = two_endpoints(entry);
      return ends && read_end_into(ends->items[0], made) && read_end_into(ends->items[1], made);
    }
    const auto* end = entry.find("endpoint");
    if (!end || end->is_null())
      return refuse(entry, fmt::format("a link of type {} needs an endpoint: write \"endpoint: {{node: n1, interface: "
                                       "eth1}}\"",
                                       type));
    check_.text(entry, "host-interface", made.host_interface);
    check_.text(entry, "mode", made.mode);
    return read_end_into(*end, made);
  }

  bool read_end_into(const yaml_value& item, link& made) {
    endpoint end;
    if (!read_end(item, end)) return false;
    made.ends.push_back(std::move(end));
    return true;
  }

  bool read_end(const yaml_value& item, endpoint& end) {
    end.line = item.line;
    if (item.is_scalar()) {
      const auto colon = item.text.find(':');
      if (colon == std::string::npos) return refuse(item, "an endpoint is written as \"node:interface\"");
      end.node = item.text.substr(0, colon);
      end.interface = item.text.substr(colon + 1);
      return true;
    }
    if (!item.is_map())
      return refuse(item, fmt::format("an endpoint must be \"node:interface\" or a map, not {}", describe(item)));
    check_.text(item, "node", end.node);
    check_.text(item, "interface", end.interface);
    check_.text(item, "mac", end.mac);
    check_.text(item, "ipv4", end.ipv4);
    check_.text(item, "ipv6", end.ipv6);
    if (end.node.empty()) return refuse(item, "the endpoint names no node: add \"node: <name>\"");
    if (end.interface.empty()) return refuse(item, "the endpoint names no interface: add \"interface: eth1\"");
    return true;
  }

  // Checks the names of a link against the nodes and all links before it.
  bool use(const yaml_value& entry, const link& made) {
    for (const auto& end : made.ends)
      if (!use_end(entry, end)) return false;
    if (made.ends.empty()) return refuse(entry, "one end of a link must be in a node");
    const bool on_host = made.type == link_type::host || made.type == link_type::mgmt_net;
    if (!on_host && made.type != link_type::macvlan) return true;
    if (made.host_interface.empty())
      return made.type == link_type::mgmt_net ||
             refuse(entry,
                    fmt::format("a link of type {} needs the name of an interface on the host", to_string(made.type)));
    if (!is_linux_interface_name(made.host_interface)) return refuse(entry, bad_interface(made.host_interface));
    return !on_host || claim(entry, "host", made.host_interface);
  }

  bool use_end(const yaml_value& entry, const endpoint& end) {
    const auto found = nodes_.find(end.node);
    if (found == nodes_.end()) {
      if (nodes_complete_)
        check_.error(at(entry, end), fmt::format("the link names node \"{}\", which is not under topology.nodes",
                                                 end.node.substr(0, 80)));
      return false;
    }
    const bool plain = has_linux_interfaces(found->second->kind);
    if (plain ? !is_linux_interface_name(end.interface) : !is_other_interface_name(end.interface))
      return refuse(at(entry, end), bad_interface(end.interface));
    if (plain && end.interface == "eth0" && found->second->network_mode != "none")
      check_.warning(at(entry, end), fmt::format("eth0 of {} is its management interface: use eth1 and up", end.node));
    return claim(at(entry, end), end.node, end.interface);
  }

  bool claim(const yaml_value& where, const std::string& owner, const std::string& interface) {
    const auto [old, fresh] = used_.try_emplace(owner + ":" + interface, where.line);
    if (fresh) return true;
    return refuse(
        where, fmt::format("interface {} of {} is used already by the link in line {}", interface, owner, old->second));
  }

  static std::string bad_interface(std::string_view name) {
    return fmt::format("\"{}\" cannot be an interface's name: use 1 to {} characters without blanks, \":\" and \"/\"",
                       name.substr(0, 80), max_interface_name);
  }

  static yaml_value at(const yaml_value& entry, const endpoint& end) {
    yaml_value where;
    where.line = end.line;
    where.column = entry.column;
    return where;
  }

  checker& check_;
  bool nodes_complete_;
  definition& into_;
  std::unordered_map<std::string, const node*> nodes_;
  std::unordered_map<std::string, int> used_;
};

} // namespace

std::string to_string(link_type type) {
  for (const auto& [text, known] : link_types)
    if (known == type) return std::string{text};
  return "unknown";
}

bool is_linux_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= max_interface_name && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c != 0x7F && c != '/' && c != ':'; });
}

void read_links(checker& check, const yaml_value& topology, bool nodes_complete, definition& into) {
  const auto* links = topology.find("links");
  if (!links || links->is_null()) return;
  if (!links->is_sequence()) {
    check.error(*links, fmt::format("links must be a list, not {}", describe(*links)));
    return;
  }
  if (links->items.size() > max_links) {
    check.error(*links, fmt::format("there are {} links: a topology may have {}", links->items.size(), max_links));
    return;
  }
  link_reader reader{check, nodes_complete, into};
  for (const auto& entry : links->items) reader.read(entry);
}

} // namespace stibium::topology
