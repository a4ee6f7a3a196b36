#pragma once

#include "actors/messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// \file
/// What is there, what ought to be there, and what that says. Pure, but for reading and writing the memory's file.

namespace stibium::containerlab {

/// A node's container, as Docker shows it. Names come from labels.
struct node_seen {
  std::string lab, node, kind;
  std::string topology; ///< the file that it was deployed from
  std::string container_id, container_name;
  std::string state;      ///< Docker's: "running", "paused", "restarting", "exited", ...
  std::string started_at; ///< differs for each life of the container
  std::string ipv4, ipv6; ///< without prefix length; may be empty
  int exit_code = 0;
  std::optional<std::set<std::string>> interfaces; ///< in its network; nothing when unknown

  bool running() const { return state == "running"; }
  /// As clients see it: a node that is paused is of no use, and can be started.
  node_info info() const;
};

/// The nodes of one lab, by name.
using lab_seen = std::map<std::string, node_seen>;

/// How a node was when all was right.
struct node_memory {
  std::string container_id, started_at;
  bool stopped = false;   ///< by a command: it is to stay so
  bool relink = false;    ///< while it was stopped its links were lost: they are made again when it starts
  std::string doing = {}; ///< "stop", "start", "restart": a command that has not come to its end; empty: none
};

/// The nodes of one lab as they ought to be, by name.
using lab_memory = std::map<std::string, node_memory>;

/// Remembers a lab as it is. Nodes in `stopped` were stopped by command.
lab_memory remember(const lab_seen& seen, const lab_memory& before = {});
/// Likewise for one node. What is gone is forgotten unless it was there before.
void remember_node(lab_memory& memory, const lab_seen& seen, const std::string& node, bool stopped);

/// What is wrong with a node.
enum class ailment : uint8_t {
  removed,   ///< its container is gone
  down,      ///< it does not run, though nobody told it to stop
  restarted, ///< it runs in another life than the one that was right: its links are gone
};

/// "removed", "down", "restarted".
std::string to_string(ailment what);

struct patient {
  std::string node;
  ailment what = ailment::restarted;
};

/// Compares. A node that is paused, or that Docker is about to start again, is left alone; one that was stopped by
/// command is only wrong once it runs again.
std::vector<patient> diagnose(const lab_memory& memory, const lab_seen& seen);

/// The end of a link: node and interface.
using link_end = std::pair<std::string, std::string>;
/// The ends of a link that are at nodes.
using lab_link = std::vector<link_end>;

/// The ends that ought to be there and are not. Only links whose nodes all run, as they should, are looked at, and only
/// nodes of kind linux: what runs in other kinds may take its interfaces elsewhere.
std::set<link_end> missing_ends(const std::vector<lab_link>& links, const lab_memory& memory, const lab_seen& seen);

/// Whether a command on one of the nodes has not come to its end.
bool is_unsettled(const lab_memory& memory);
/// Whether Docker may still be about to stop one of them: its container runs on while it has time to end.
bool may_still_stop(const lab_memory& memory, const lab_seen& seen);

/// What unfinished commands have come to.
struct settlement {
  lab_memory memory;       ///< what is right from now on
  bool links_lost = false; ///< a node runs whose links may have been parked
};
settlement settle(lab_memory memory, const lab_seen& seen);

/// As text for a file, and back; nothing when it is no such text.
std::string to_json(const lab_memory& memory);
std::optional<lab_memory> read_memory(std::string_view json);

/// The files of an instance in its folder.
struct instance_files {
  std::string folder, name;
  std::string topology() const { return folder + "/" + name + ".clab.yml"; }
  std::string memory() const { return folder + "/" + name + ".nodes.json"; }
  std::string lab_folder() const { return folder + "/clab-" + name; }
};

/// Writes the memory beside the topology, whole or not at all; false when it cannot be written.
bool save_memory(const instance_files& where, const lab_memory& memory);
/// What was written; empty when there is nothing, or nothing that can be read.
lab_memory load_memory(const instance_files& where);

} // namespace stibium::containerlab
