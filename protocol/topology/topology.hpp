#pragma once

#include "protocol/topology/problem.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// containerlab's topology files as values (facts from containerlab's manual, "Topology definition").

namespace stibium::topology {

/// A node with all that it inherits from defaults, its kind and its group; what it says itself wins.
struct node {
  std::string name;
  std::string kind;
  std::string image, group, type;
  std::string cmd, entrypoint;
  std::map<std::string, std::string> env;    ///< merged key by key
  std::map<std::string, std::string> labels; ///< merged key by key
  std::vector<std::string> exec;             ///< those of defaults first, the node's own last
  std::vector<std::string> binds;            ///< likewise; of two with the same target the later one stays
  std::vector<std::string> ports;            ///< the innermost list that is there
  std::string startup_config, mgmt_ipv4, mgmt_ipv6, network_mode;
  std::map<std::string, std::string> others; ///< keys that are not read here: scalar values as text, else empty
  int line = 0;
};

/// What a link can be.
enum class link_type { veth, host, mgmt_net, macvlan, dummy, vxlan, vxlan_stitch };

/// The name of a link type as in a file: "veth", "mgmt-net", ...
std::string to_string(link_type type);

/// One end of a link, in a node.
struct endpoint {
  std::string node;       ///< one of the topology's nodes
  std::string interface;  ///< its name inside the node
  std::string mac;        ///< empty: any
  std::string ipv4, ipv6; ///< addresses with prefix length; empty: none
  int line = 0;
};

/// A link. `veth` has two ends in nodes; the others have one, and `host_interface` names the other side.
struct link {
  link_type type = link_type::veth;
  std::vector<endpoint> ends;
  std::string host_interface; ///< host, mgmt-net: the name made on the host's side; macvlan: the parent
  std::string mode;           ///< macvlan
  int mtu = 0;                ///< 0: the default
  int line = 0;
};

/// The management network; empty fields are left to the runtime.
struct management {
  std::string network, bridge, ipv4_subnet, ipv6_subnet;
  int mtu = 0;
};

/// A whole topology.
struct definition {
  std::string name;
  std::optional<std::string> prefix; ///< absent: "clab"; containers are then "clab-<name>-<node>"
  management mgmt;
  std::vector<node> nodes; ///< in the file's order
  std::vector<link> links;

  /// A node by name; null when there is none.
  const node* find_node(std::string_view node_name) const;
};

/// What reading a file gives: the topology when there are no errors, and all problems that were found.
struct reading {
  std::optional<definition> value;
  std::vector<problem> errors;   ///< at most `max_problems`
  std::vector<problem> warnings; ///< unknown keys and the like; at most `max_problems`
};

inline constexpr size_t max_topology_bytes = 1024 * 1024;
inline constexpr size_t max_nodes = 1000;
inline constexpr size_t max_links = 10000;
/// Longest name of a network interface that Linux takes.
inline constexpr size_t max_interface_name = 15;

/// Reads a topology file. Never throws, whatever the text is.
reading read_topology(std::string_view text);

/// Whether Linux takes this as the name of a network interface. Nodes of other kinds than `linux` may use names that
/// their own system understands ("ethernet-1/1"); a runtime that makes plain interfaces has to refuse or map those.
bool is_linux_interface_name(std::string_view name);

} // namespace stibium::topology
