#pragma once

#include "deploy/client/connection.hpp"
#include "deploy/client/labs.hpp"
#include "deploy/client/login.hpp"

#include <memory>
#include <string>

/// \file
/// What the client does, one function per command. Each throws `failure` when it cannot.

namespace stibium::client {

/// What every command knows.
struct context {
  service_url where;
  credentials who;
  bool json = false;               ///< print JSON, one value per line, instead of text
  bool reference_commands = false; ///< the service runs with compat.nodeCommandIds: reference
};

/// Prints the labs, or the nodes of one.
task<> list_labs(context with, std::string lab);

/// What `change_lab` does.
enum class change : uint8_t { deploy, destroy, stop, start, restart };

/// Carries a command out; the lab's log is shown while a deploy or destroy runs. `node` only for node commands.
task<> change_lab(context with, change what, std::string lab, std::string node);

/// How a log is shown.
struct log_options {
  std::string lab;
  std::string node;      ///< empty: the lab's own log
  bool follow = false;   ///< until it ends
  int last = -1;         ///< how many lines of what is there; all when negative
  bool reconnect = true; ///< while following, also across losses of the connection
};
task<> show_log(context with, log_options what);

/// Prints what the service tells; when the connection is lost, `reconnect` waits until it is back.
task<> watch(context with, bool reconnect);

/// A shell that is wanted.
struct shell_options {
  std::string lab, node;
  std::string attach; ///< id (or unique begin) of an open shell instead of a new one
};
/// Opens (or attaches to) a shell and joins it with the terminal; input that is no terminal is typed and ended with ^D.
task<> open_shell(context with, shell_options what);

/// Prints the user's open shells in a lab.
task<> list_shells(context with, std::string lab);

/// Closes a shell by its id or a unique beginning of it.
task<> close_shell(context with, std::string lab, std::string shell);

/// Prints the instances that belong to no lab. For admins.
task<> list_orphans(context with);

/// Destroys one of them. For admins.
task<> remove_orphan(context with, std::string instance);

/// Says whether the service can work, or with `alive` only whether it answers. Needs no login.
task<> show_health(context with, bool alive);

/// A connection with the lab that was asked for.
struct lab_session {
  std::string token;
  lab about;
  std::unique_ptr<connection> link;
};
/// Logs in, finds the lab, connects and joins `/lab-commands`.
task<lab_session> open_session(const context& with, const std::string& lab);

/// The argument of an event on `/lab-commands`.
std::string lab_command(const lab& about, int command, const std::string& node = {}, const std::string& shell = {});

} // namespace stibium::client
