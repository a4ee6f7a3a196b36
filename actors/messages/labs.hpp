#pragma once

#include "actors/messages/names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Labs, their instances and nodes, and the commands on them.

namespace stibium {

/// Instance states as clients number them (REST contract).
enum class lab_state_code : int { scheduled = -2, inactive = -1, deploying = 0, running = 1, stopping = 2, failed = 3 };

enum class node_state : uint8_t { starting, running, exited };
std::string to_string(node_state state); ///< "starting", "running", "exited"

/// A node of an instance, as runtimes report it and clients see it.
struct node_info {
  std::string name; ///< in the topology
  std::string kind;
  std::string ipv4, ipv6; ///< management addresses; may be empty
  node_state state = node_state::starting;
  std::string container_id;   ///< 64 hex digits
  std::string container_name; ///< "clab-<instance>-<node>"
  bool can_restart = true;
};

/// Where an instance of a lab lives.
struct instance_ref {
  lab_id lab;
  std::string name;     ///< "<topology name>-<unix ms>"
  std::string folder;   ///< run folder of the lab, absolute
  std::string topology; ///< the YAML text, its `name` still the topology's
  std::string source;   ///< the file that the text came from, absolute; relative paths in it start at its folder
};

/// All about an instance that a runtime knows.
struct instance_status {
  std::string name;
  std::vector<node_info> nodes;
  std::string folder = {}; ///< its run folder; empty when the runtime does not know it
};

/// Something happened to a node that no command of ours is responsible for, or while one runs.
struct node_event {
  std::string instance;
  node_info node;
  std::string what; ///< for people: "node n1 has exited (exit code 1)"; may be empty
};

/// Everything that clients may learn about a lab; assembled by the lab, held by the directory.
struct lab_view {
  lab_id id;
  std::string name;
  std::string collection, collection_id;
  std::string topology_id, topology; ///< topology: YAML text
  std::string creator_id, creator_name;
  bool public_deploy = false;
  std::optional<time_point> start_time, end_time;
  lab_state_code state = lab_state_code::inactive;
  std::string instance; ///< its name; empty when there is none
  time_point latest_state_change{};
  std::vector<node_info> nodes;
  bool recovered = false;
  bool has_log = false; ///< deployed at least once: /logs/<labId> exists
};

/// A lab's topology file as the folder watcher sees it.
struct lab_file {
  lab_id id;
  std::string path;                      ///< absolute
  std::string name;                      ///< the topology's name
  std::string collection, collection_id; ///< "default" at the top
  std::string creator_id, creator_name;
  bool public_deploy = false;
  std::string topology; ///< YAML text
  std::optional<time_point> start_time, end_time;
};

/// A topology file went away.
struct lab_file_gone {
  lab_id id;
};

/// The commands of /lab-commands that reach a lab's machine.
enum class lab_verb : uint8_t { deploy, destroy, stop_node, start_node, restart_node };
std::string to_string(lab_verb verb); ///< "deploy", "destroy", "stop", "start", "restart"

/// A user's command for one lab; access has been checked.
struct lab_command {
  lab_verb verb = lab_verb::deploy;
  std::string node; ///< for the three node commands
  identity user;
  bool unless_deployed = false; ///< deploy: nothing is done, successfully, when the lab has an instance
};

/// Opens a shell for a user; answered with its id once the terminal is attached.
struct open_shell {
  std::string node;
  identity user;
};

/// An open shell as the directory lists it.
struct shell_info {
  shell_id id;
  lab_id lab;
  std::string node;
  std::string user_id;
};

/// Whether the runtime can work.
struct runtime_health {
  bool ready = false;
  std::string detail; ///< why not, or what it runs on
};

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::node_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::instance_ref)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::instance_status)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::node_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_file)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_file_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::open_shell)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_info)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_state_code)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::node_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_verb)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::lab_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::shell_info>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::instance_status>)
