#pragma once

#include "protocol/topology/checker.hpp"
#include "protocol/topology/topology.hpp"

/// \file
/// The parts of a topology file, each read by its own source. For `read_topology` only.

namespace stibium::topology {

/// Reads `topology.nodes` with what they inherit from `defaults`, `kinds` and `groups`.
void read_nodes(checker& check, const yaml_value& topology, definition& into);

/// Reads `topology.links`; the nodes must have been read. `nodes_complete` is false when some node was refused: then
/// a link to a node that is not there says nothing new and is passed over.
void read_links(checker& check, const yaml_value& topology, bool nodes_complete, definition& into);

/// Whether a name stands for something that is no node when it is used in a link.
bool is_reserved_node_name(std::string_view name);

} // namespace stibium::topology
