#pragma once

#include "protocol/antimony/identity.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What actors say to each other, as far as it names no actor. Facts are structs, commands are atoms. Nothing here leaves
/// the process: large or shared payloads travel as pointers to constants, so that a message to many is built once.

CAF_ADD_ATOM(stibium, stibium::atom, adopt, "adopt")
CAF_ADD_ATOM(stibium, stibium::atom, cancel, "cancel")
CAF_ADD_ATOM(stibium, stibium::atom, close, "close")
CAF_ADD_ATOM(stibium, stibium::atom, congested, "congested")
CAF_ADD_ATOM(stibium, stibium::atom, deploy, "deploy")
CAF_ADD_ATOM(stibium, stibium::atom, describe, "describe")
CAF_ADD_ATOM(stibium, stibium::atom, destroy, "destroy")
CAF_ADD_ATOM(stibium, stibium::atom, drained, "drained")
CAF_ADD_ATOM(stibium, stibium::atom, erase, "erase")
CAF_ADD_ATOM(stibium, stibium::atom, find, "find")
CAF_ADD_ATOM(stibium, stibium::atom, follow, "follow")
CAF_ADD_ATOM(stibium, stibium::atom, health, "health")
CAF_ADD_ATOM(stibium, stibium::atom, inspect, "inspect")
CAF_ADD_ATOM(stibium, stibium::atom, list, "list")
CAF_ADD_ATOM(stibium, stibium::atom, load, "load")
CAF_ADD_ATOM(stibium, stibium::atom, login, "login")
CAF_ADD_ATOM(stibium, stibium::atom, lookup, "lookup")
CAF_ADD_ATOM(stibium, stibium::atom, pause, "pause")
CAF_ADD_ATOM(stibium, stibium::atom, reclaim, "reclaim")
CAF_ADD_ATOM(stibium, stibium::atom, refresh, "refresh")
CAF_ADD_ATOM(stibium, stibium::atom, release, "release")
CAF_ADD_ATOM(stibium, stibium::atom, reserve, "reserve")
CAF_ADD_ATOM(stibium, stibium::atom, reset, "reset")
CAF_ADD_ATOM(stibium, stibium::atom, resume, "resume")
CAF_ADD_ATOM(stibium, stibium::atom, save, "save")
CAF_ADD_ATOM(stibium, stibium::atom, shut, "shut")
CAF_ADD_ATOM(stibium, stibium::atom, start, "start")
CAF_ADD_ATOM(stibium, stibium::atom, tick, "tick")
CAF_ADD_ATOM(stibium, stibium::atom, verify, "verify")
CAF_ADD_ATOM(stibium, stibium::atom, wanted, "wanted")

namespace stibium {

using antimony::identity;
/// A user, shared by all that is asked on the user's behalf.
using user_ref = std::shared_ptr<const identity>;
using time_point = std::chrono::system_clock::time_point;

// -- names ------------------------------------------------------------------------------------------------------------

/// Names a lab: a UUID. A type of its own, because CAF picks handlers by type alone.
struct lab_id {
  std::string value;
  auto operator<=>(const lab_id&) const = default;
};

/// Names an open shell: a UUID.
struct shell_id {
  std::string value;
  auto operator<=>(const shell_id&) const = default;
};

/// Names a client connection (an Engine.IO session) within one gateway; never used twice in a process.
struct connection_id {
  uint64_t value = 0;
  auto operator<=>(const connection_id&) const = default;
};

/// Names a stream (a lab log, a node log, a shell); never used twice in a process. Made by `next_stream_id()`.
struct stream_id {
  uint64_t value = 0;
  auto operator<=>(const stream_id&) const = default;
};

/// A stream id that no other call has returned. May be called from any thread.
stream_id next_stream_id();

// -- client -> session, sent by the gateway ---------------------------------------------------------------------------

/// A client asks for a namespace (Socket.IO CONNECT). Answered to the gateway with `open_namespace`,
/// `join_stream` or `refuse_namespace`.
struct client_connect {
  std::string nsp;  ///< with its leading slash, without a query
  std::string auth; ///< the payload as JSON text; empty when there was none
};

/// A client emits an event on a namespace that is open.
struct client_event {
  std::string nsp;
  std::optional<uint64_t> ack; ///< present when the client wants an ack
  std::string json;            ///< the JSON array: event name, then arguments; its syntax is checked already
  std::vector<std::string> attachments = {}; ///< what the array's placeholders stand for; usually none
};

/// A client leaves a namespace (Socket.IO DISCONNECT). Nothing is answered.
struct client_disconnect {
  std::string nsp;
};

/// The connection is gone; the session ends itself.
struct connection_lost {
  std::string reason; ///< for the log: "transport close", "ping timeout", "slow client", ...
};

// -- session and others -> gateway ------------------------------------------------------------------------------------

/// Refuses a namespace: CONNECT_ERROR `{"message": title, "data": {"code": code, "message": detail}}`, without `data` when
/// the code is 0.
struct refuse_namespace {
  connection_id connection;
  std::string nsp, title;
  int code = 0;
  std::string detail;
};

/// Emits `[event, argument(, offset)]` on one namespace of each connection named; those that have it not open are skipped.
/// A client that reads too slowly loses the oldest of these.
struct emit_event {
  std::vector<connection_id> to;
  std::string nsp, event;
  std::string json;   ///< the argument as JSON text; several have commas between them
  std::string offset; ///< for connection state recovery; goes only to clients that take part in it; may be empty
  std::vector<std::string> attachments = {}; ///< what placeholders in the argument stand for; usually none
};

/// Acks an event of a client: exactly one per `client_event` with an ack id.
struct reply {
  connection_id connection;
  std::string nsp;
  uint64_t ack = 0;
  std::string json; ///< the argument as JSON text; several have commas between them
  std::vector<std::string> attachments = {}; ///< what placeholders in the argument stand for; usually none
};

/// Takes a namespace away from a client (Socket.IO DISCONNECT).
struct end_namespace {
  connection_id connection;
  std::string nsp;
};

/// One element of a stream, encoded once for all who get it.
struct stream_entry {
  uint64_t seq = 0; ///< grows by one per entry of the stream
  std::string json; ///< a JSON string literal, quotes included, ready for the wire
};
using stream_entries = std::vector<stream_entry>;

/// What a subscriber has missed: everything in the stream up to `last_seq`.
struct stream_snapshot {
  stream_entries entries;
  uint64_t last_seq = 0;
};

/// What a full queue of a slow client means for a stream.
enum class overflow : uint8_t {
  skip, ///< entries are dropped for that client and one line says how many (logs)
  pause ///< the stream's owner gets `congested` and stops its source until `drained` (shells)
};

/// Goes to every gateway that has subscribers of the stream.
struct stream_data {
  stream_id stream;
  std::shared_ptr<const stream_entries> entries;
};

/// The stream is over: its subscribers lose the namespace.
struct end_stream {
  stream_id stream;
};

/// The connection no longer subscribes (it left the namespace).
struct leave_stream {
  stream_id stream;
  connection_id connection;
  std::string nsp;
};

// -- streams ----------------------------------------------------------------------------------------------------------

/// Lines for a log, without line ends; UTF-8 (broken bytes are replaced by the log stream). Any length.
struct log_lines {
  std::vector<std::string> lines;
};

/// Typed by a client into a shell.
struct shell_input {
  std::string user_id; ///< who types; must be the owner
  std::string data;
};

/// The client's terminal has this size now; 1 to 1000 each.
struct shell_size {
  uint16_t cols = 80, rows = 24;
};

/// Bytes read from a terminal.
struct terminal_output {
  std::string bytes;
};

/// Bytes for a terminal.
struct terminal_input {
  std::string bytes;
};

/// The terminal is over: its program ended or it broke. Nothing follows.
struct terminal_ended {
  std::string reason; ///< "program ended (exit code 0)", "node stopped", ...
  bool error = false; ///< an I/O error, not an end
};

// -- labs -------------------------------------------------------------------------------------------------------------

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

// -- bulletin ---------------------------------------------------------------------------------------------------------

enum class severity : int { success = 0, info = 1, warning = 2, error = 3, fatal = 4 };

/// A status message before it is numbered and timed by the bulletin.
struct status_message {
  std::string source; ///< the component: "lab ping", "runtime", "labs folder"
  std::string content;
  std::string log_content; ///< more detail; the content is used when empty
  severity level = severity::info;
  std::optional<antimony::lab_access> about; ///< absent: concerns the whole server
  std::string only_user;                     ///< user id; when set, nobody else gets it
};

/// A lab changed: clients fetch it again. No lab: all changed.
struct lab_update {
  std::optional<lab_id> lab;
  std::optional<antimony::lab_access> about;
};

/// For /shell-commands, to every connection of the shell's owner.
struct shell_notice {
  shell_info shell;
  int command = 1;     ///< 0 I/O error, 1 closed
  std::string message; ///< why
};

// -- supervisor and runtime -------------------------------------------------------------------------------------------

/// Whether the runtime can work.
struct runtime_health {
  bool ready = false;
  std::string detail; ///< why not, or what it runs on
};

// -- accounts ---------------------------------------------------------------------------------------------------------

/// What a login hands out.
struct login_tokens {
  std::string access, auth; ///< JWTs
};

// -- store ------------------------------------------------------------------------------------------------------------

/// A lab that was seen in the labs folder.
struct stored_lab {
  lab_id id;
  std::string path, name, collection;
  bool deployed_once = false; ///< has a log
};

/// An instance that exists, or existed when the process was killed.
struct stored_instance {
  instance_ref where;
  lab_state_code state = lab_state_code::deploying;
  time_point since{};
};

/// A command that is being carried out; what is left at a start was cut off.
struct journal_entry {
  uint64_t id = 0; ///< made by the store when 0
  lab_id lab;
  lab_verb verb = lab_verb::deploy;
  std::string node, instance;
  time_point begun{};
};

/// A user who may hold tokens.
struct stored_user {
  identity who;
  bool native = false; ///< the configured login
};

/// All that a start needs.
struct stored_state {
  std::vector<stored_lab> labs;
  std::vector<stored_instance> instances;
  std::vector<journal_entry> journal;
  std::vector<stored_user> users;
};

} // namespace stibium

// Messages stay in the process: none of them can be serialized, and none needs to be.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::connection_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::client_connect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::client_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::client_disconnect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::connection_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::refuse_namespace)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::emit_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::end_namespace)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_data)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::end_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::leave_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::log_lines)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_size)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::terminal_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::terminal_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::terminal_ended)
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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::status_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_update)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::login_tokens)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_lab)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_instance)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::journal_entry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_user)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stored_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_state_code)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::node_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_verb)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::severity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::overflow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::antimony::identity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::user_ref)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::lab_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::shell_info>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::instance_status>)
