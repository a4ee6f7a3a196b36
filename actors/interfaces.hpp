#pragma once

#include "actors/error.hpp"
#include "actors/messages.hpp"

#include <caf/typed_actor.hpp>

/// \file
/// Every typed handle of the house, and the messages that carry handles. Requests to a `reacts_to` handler are answered
/// with nothing once it is done, or with an error (`actors/error.hpp`). Unless said otherwise a handler answers at once.

namespace stibium {

// -- streams and the gateway ------------------------------------------------------------------------------------------

/// Owns something that a socket holds: hears when the socket is gone, whatever the reason. Sent by the gateway only.
using socket_owner_actor = caf::typed_actor<caf::reacts_to<leave_stream>>;

/// Owns a stream: also hears of clients that read too slowly (only for `overflow::pause`).
using stream_owner_actor = caf::typed_actor<caf::reacts_to<leave_stream>, caf::reacts_to<atom::congested, connection_id>,
                                            caf::reacts_to<atom::drained, connection_id>>;

/// Accepts a namespace that is no stream: CONNECT with `sid` (and `pid`, unless that is empty). `owner` may be null.
/// For a connection that is gone the owner gets `leave_stream` back (with stream id 0).
struct open_namespace {
  connection_id connection;
  std::string nsp, sid, pid;
  socket_owner_actor owner;
};

/// Accepts a namespace that is a stream, in one step with its snapshot: CONNECT, then `backlog` (or, when the client
/// resumes, each entry as `data`), then all `stream_data` that follows. For a connection that is gone the owner gets
/// `leave_stream` back.
struct join_stream {
  connection_id connection;
  std::string nsp, sid, pid;
  stream_id stream;
  stream_owner_actor owner;
  overflow policy = overflow::skip;
  bool resumed = false;
  std::shared_ptr<const stream_snapshot> snapshot;
};

/// The GATEWAY turns Socket.IO frames into messages and back; one per io thread, each owning its connections. Messages
/// for connections that are gone are dropped. Messages of one sender to one socket arrive at the client in order.
using gateway_actor =
    caf::typed_actor<caf::reacts_to<open_namespace>, caf::reacts_to<refuse_namespace>, caf::reacts_to<emit_event>,
                     caf::reacts_to<reply>, caf::reacts_to<end_namespace>, caf::reacts_to<join_stream>,
                     caf::reacts_to<stream_data>, caf::reacts_to<end_stream>>;

/// A socket (one namespace of one connection) that wants a stream.
struct subscription {
  gateway_actor gateway;
  connection_id connection;
  std::string nsp, sid, pid;
  std::optional<uint64_t> resume_after; ///< the last sequence number that the client got, when it resumes
  std::string fresh_sid, fresh_pid;     ///< with `resume_after`: what the socket is called when it cannot resume
};

/// Anything that can be subscribed to. Sends `join_stream` to the subscription's gateway before it answers. When
/// `resume_after` is no longer in its backlog it is as if absent, and the fresh sid and pid are used.
using stream_actor = caf::typed_actor<caf::reacts_to<subscription>>;

/// Takes lines. Whoever sends many waits for the answer before sending more, so that no mailbox fills up.
using log_sink_actor = caf::typed_actor<caf::reacts_to<log_lines>>;

/// A LOG STREAM keeps a bounded backlog and hands every line to every subscriber once, in order.
using log_stream_actor = stream_actor::extend<
    caf::reacts_to<leave_stream>, caf::reacts_to<atom::congested, connection_id>,
    caf::reacts_to<atom::drained, connection_id>, caf::reacts_to<log_lines>,
    // A new log begins: the backlog is emptied, subscribers stay.
    caf::reacts_to<atom::reset>,
    // Ends the stream: subscribers lose the namespace, the actor ends.
    caf::reacts_to<atom::close>>;

/// A SPOOL keeps one log on disk, bounded like its backlog. Runs where it may block.
using spool_actor = caf::typed_actor<caf::replies_to<atom::load>::with<log_lines>, caf::reacts_to<log_lines>,
                                     caf::reacts_to<atom::reset>>;

// -- terminals and shells ---------------------------------------------------------------------------------------------

/// The process side of a terminal (a pty, a hijacked exec, an ssh channel).
using terminal_actor = caf::typed_actor<
    // Written in order; refused with `queue_full` while more than 1 MiB waits to be taken.
    caf::reacts_to<terminal_input>, caf::reacts_to<shell_size>,
    // Stops and resumes reading from the process.
    caf::reacts_to<atom::pause>, caf::reacts_to<atom::resume>,
    // Ends the process (hang-up, then kill) and the actor; `terminal_ended` is still sent.
    caf::reacts_to<atom::close>>;

/// Who reads a terminal. The terminal requests and waits for the answer before it sends more output.
using terminal_client_actor = caf::typed_actor<caf::reacts_to<terminal_output>, caf::reacts_to<terminal_ended>>;

/// A SHELL is one user's terminal in one node, with scrollback; it outlives the sockets that watch it.
using shell_actor = stream_actor::extend<
    caf::reacts_to<leave_stream>, caf::reacts_to<atom::congested, connection_id>,
    caf::reacts_to<atom::drained, connection_id>, caf::reacts_to<terminal_output>, caf::reacts_to<terminal_ended>,
    caf::reacts_to<shell_input>, caf::reacts_to<shell_size>,
    // The terminal is attached: sent once, by the lab that opened it. It may come after its first output.
    caf::reacts_to<terminal_actor>,
    // Ends the shell and says why to its owner; answered when it is closed.
    caf::reacts_to<atom::close, std::string>>;

// -- runtime and supervisor -------------------------------------------------------------------------------------------

/// Hears what happens to the nodes of an instance.
using node_observer_actor = caf::typed_actor<caf::reacts_to<node_event>>;

/// One command for the runtime.
struct runtime_command {
  lab_verb verb = lab_verb::deploy;
  instance_ref instance;
  std::string node;             ///< for the node commands
  bool redeploy = false;        ///< deploy: an instance of that name is there and is replaced
  log_sink_actor log;           ///< gets the command's output line by line
  node_observer_actor observer; ///< gets the instance's node events until it is destroyed
};

/// Asks for a terminal in a node.
struct open_terminal {
  instance_ref instance;
  std::string node, kind;
  shell_size size;
  terminal_client_actor client;
};

/// Asks for a node's log: all that the instance's node has said so far, then what follows, until the node is gone. A
/// later one for the same instance, node and sink changes nothing.
struct follow_log {
  instance_ref instance;
  std::string node;
  log_sink_actor sink;
};

/// A RUNTIME runs labs: an adapter to something outside. Errors: `runtime_failed` with the runtime's last error line,
/// `runtime_unavailable`, `cancelled`, `node_not_found`, `node_not_running`, `lab_not_running` (no such instance).
using runtime_actor = caf::typed_actor<
    // Answers when it is done, with the nodes as they are then. Several instances at a time; one command per instance.
    caf::replies_to<runtime_command>::with<instance_status>,
    // Cuts the instance's running command off; that command is answered with `cancelled`. Nothing running: no effect.
    caf::reacts_to<atom::cancel, std::string>,
    // The instances that are there.
    caf::replies_to<atom::inspect>::with<std::vector<instance_status>>,
    // Takes an instance of an earlier process back: from now on the observer hears of its nodes.
    caf::replies_to<atom::adopt, instance_ref, node_observer_actor>::with<instance_status>,
    caf::replies_to<open_terminal>::with<terminal_actor>, caf::reacts_to<follow_log>,
    caf::replies_to<atom::health>::with<runtime_health>>;

/// The SUPERVISOR ("clab") queues the commands of all labs, keeps the parallel limit and the deadlines.
using supervisor_actor = caf::typed_actor<
    // Queues; answers when the command has ended, in any way, at the latest a few seconds after its deadline.
    caf::replies_to<runtime_command>::with<instance_status>,
    // Takes the instance's commands out of the queue and cancels the running one.
    caf::reacts_to<atom::cancel, std::string>,
    caf::replies_to<atom::health>::with<runtime_health>,
    // The runtime's state of health changed.
    caf::reacts_to<runtime_health>>;

// -- labs -------------------------------------------------------------------------------------------------------------

/// A LAB owns one topology, from deploy to destroy. Every command on it passes here.
using lab_actor = caf::typed_actor<
    // Answers when the command has ended; a destroy cancels the deploy under way.
    caf::reacts_to<lab_command>, caf::replies_to<open_shell>::with<shell_id>, caf::reacts_to<node_event>,
    // The topology file changed; used from the next deployment on.
    caf::reacts_to<lab_file>,
    // The file is gone: the lab ends itself as soon as it is inactive.
    caf::reacts_to<lab_file_gone>>;

// -- directory --------------------------------------------------------------------------------------------------------

/// What a namespace leads to.
struct stream_ref {
  stream_actor stream;
  shell_actor shell; ///< null unless the stream is a shell of the asking user
};

/// A lab for one user.
struct lab_ref {
  lab_actor lab;
  bool may_command = false;
};

/// A stream that can be reached from now on, under each of the names.
struct announce_stream {
  std::vector<std::string> names; ///< namespaces
  lab_id lab;
  stream_actor stream;
};

/// The names are free again.
struct withdraw_stream {
  std::vector<std::string> names;
};

/// A shell that is attached.
struct shell_opened {
  shell_info info;
  shell_actor shell;
};

/// A socket for connection state recovery: it may be taken over under its `pid` by the same user on the same namespace.
struct socket_presence {
  std::string pid, sid, nsp, user_id;
  bool lost = false; ///< the connection broke; forgotten 2 minutes from now
  bool left = false; ///< the socket ended on purpose; forgotten now
};

/// The DIRECTORY knows which labs, streams and shells there are and who may see them.
using directory_actor = caf::typed_actor<
    // Where a dynamic namespace leads; errors `namespace_not_found`, `no_access`.
    caf::replies_to<atom::find, std::string, identity>::with<stream_ref>,
    // A lab; errors `lab_not_found`, `no_access`.
    caf::replies_to<atom::lookup, lab_id, identity>::with<lab_ref>,
    // The user's open shells in a lab; errors `lab_not_found`, `no_access`.
    caf::replies_to<atom::list, lab_id, user_ref>::with<std::vector<shell_info>>,
    // A shell for closing; errors `shell_not_found`, `no_access`.
    caf::replies_to<atom::find, lab_id, shell_id, identity>::with<shell_actor>,
    // Reserves one of the user's shells and makes its id; error `shell_limit`.
    caf::replies_to<atom::reserve, identity>::with<shell_id>, caf::reacts_to<shell_opened>,
    // The shell is gone, or was never opened.
    caf::reacts_to<atom::release, shell_id>, caf::reacts_to<announce_stream>, caf::reacts_to<withdraw_stream>,
    // A lab tells how it is.
    caf::reacts_to<lab_view>,
    // What clients may learn of labs; errors `lab_not_found`, `no_access`.
    caf::replies_to<atom::describe, identity>::with<std::vector<lab_view>>,
    caf::replies_to<atom::describe, lab_id, identity>::with<lab_view>,
    // The labs folder changed.
    caf::reacts_to<lab_file>, caf::reacts_to<lab_file_gone>,
    // Connection state recovery; `reclaim` is by pid, namespace, user id: answers the sid or `namespace_not_found`.
    caf::reacts_to<socket_presence>,
    caf::replies_to<atom::reclaim, std::string, std::string, std::string>::with<std::string>>;

// -- bulletin ---------------------------------------------------------------------------------------------------------

/// A socket on `/status-messages`, `/lab-updates` or `/shell-commands`.
struct bulletin_subscription {
  subscription socket;
  identity user;
};

/// The BULLETIN delivers status messages, lab updates and shell notices to those who may see them.
using bulletin_actor =
    caf::typed_actor<caf::reacts_to<status_message>, caf::reacts_to<lab_update>, caf::reacts_to<shell_notice>,
                     caf::reacts_to<bulletin_subscription>, caf::reacts_to<leave_stream>>;

// -- sessions ---------------------------------------------------------------------------------------------------------

/// A SESSION is one client connection: its identity, its namespaces, its acks under way.
using session_actor = caf::typed_actor<caf::reacts_to<client_connect>, caf::reacts_to<client_event>,
                                       caf::reacts_to<client_disconnect>, caf::reacts_to<connection_lost>>;

// -- orphans ----------------------------------------------------------------------------------------------------------

/// The ORPHANS are instances of this service that no lab knows: what a lost database or a changed labs folder leaves
/// behind. Admins are told of them; they are removed only when an admin says so.
using orphans_actor = caf::typed_actor<
    // Those that are there now; error `no_access` for anyone but an admin.
    caf::replies_to<atom::list, identity>::with<std::vector<instance_status>>,
    // Destroys one, by its name; errors `no_access`, `lab_not_running` (there is no such orphan), the runtime's.
    caf::reacts_to<atom::destroy, identity, std::string>>;

// -- accounts, scheduler, store ---------------------------------------------------------------------------------------

/// The ACCOUNTS know the users and check and make tokens.
using accounts_actor = caf::typed_actor<
    // Whose token it is; errors `unauthorized` (empty), `invalid_token`.
    caf::replies_to<atom::verify, std::string>::with<identity>,
    // Native login by name and password; errors `wrong_credentials`, `too_many_attempts` with how long to wait.
    caf::replies_to<atom::login, login_attempt>::with<login_tokens>,
    // A new access token for an auth token; error `invalid_token`.
    caf::replies_to<atom::refresh, std::string>::with<std::string>>;

/// When a lab begins and ends.
struct lab_schedule {
  lab_id id;
  std::optional<time_point> start, end;
  lab_actor lab;
};

/// The SCHEDULER deploys and destroys labs at their times; times that have passed while it was not there count as now.
using scheduler_actor = caf::typed_actor<caf::reacts_to<lab_schedule>, caf::reacts_to<atom::cancel, lab_id>>;

/// The STORE keeps what must outlive the process. Runs where it may block. Errors: `storage_failed`.
using store_actor = caf::typed_actor<
    caf::replies_to<atom::load>::with<stored_state>, caf::reacts_to<atom::save, stored_lab>,
    caf::reacts_to<atom::save, stored_instance>, caf::reacts_to<atom::save, stored_user>,
    // Answers the entry's id.
    caf::replies_to<atom::save, journal_entry>::with<uint64_t>,
    // The lab's instance is gone; the journal's entry is done.
    caf::reacts_to<atom::erase, lab_id>, caf::reacts_to<atom::erase, uint64_t>>;

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::open_namespace)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::join_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::subscription)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::open_terminal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::follow_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_ref)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_ref)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::announce_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::withdraw_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::socket_presence)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::bulletin_subscription)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_schedule)
