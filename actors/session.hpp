#pragma once

#include "actors/house.hpp"
#include "protocol/antimony/commands.hpp"
#include "protocol/antimony/connect_auth.hpp"
#include "protocol/antimony/namespaces.hpp"

#include <unordered_map>

namespace stibium {

/// What a session starts with.
struct session_setup {
  house world; ///< accounts, bulletin, directory and bounds are used
  gateway_actor gateway;
  connection_id connection;
  bool recovery = false; ///< sockets get a `pid` and can be resumed
  std::string remote;    ///< the client's address, for people
};

/// See `session_actor`. Every `client_connect` is answered once, also when a `client_disconnect` overtakes the answer:
/// with `open_namespace`, `join_stream` or `refuse_namespace`; every event with an ack id with one `reply`. Events of
/// one socket take effect in order.
struct session_state {
  static constexpr const char* name = "session";
  /// Namespaces of one client that are open or being opened; the gateway allows fewer.
  static constexpr size_t max_sockets = 1024;
  /// Commands of one client that may be under way; more are acked with `queue_full`.
  static constexpr size_t max_commands = 256;
  /// Keys and sizes on their way to terminals; more are acked with `queue_full`.
  static constexpr size_t max_inputs = 8192;

  explicit session_state(session_actor::pointer self)
      : self{self} {}
  ~session_state();

  void begin(session_setup setup);
  void connect(const client_connect& request);
  void disconnect(const client_disconnect& what);
  void lost();
  void handle(const client_event& event);
  void down(const caf::down_msg& msg);

  session_actor::pointer self;

private:
  using who = user_ref;

  /// One namespace that is open or being opened.
  struct socket {
    uint64_t serial = 0; // no other socket of this session has it
    std::string nsp;
    antimony::namespace_kind kind = antimony::namespace_kind::unknown;
    who user;                  // null until the token is checked
    bool answered = false;     // the CONNECT is, or whoever answers it has it
    std::string pid, spare;    // known to the directory; `spare` in case that resuming fails
    shell_actor shell;         // of this user; watched
    bool trouble_told = false; // an input without ack failed, and the user has been told
  };

  /// What a new socket is called, and where it resumes.
  struct names {
    std::string sid, pid;
    std::optional<uint64_t> resume_after;
    std::string fresh_sid, fresh_pid;
  };

  /// An event that is not answered yet.
  struct task {
    uint64_t socket = 0;
    std::optional<uint64_t> ack;
    who user;
    bool input = false;    // into a shell
    bool of_shell = false; // a shell is asked, not a lab
    caf::actor_addr asked; // watched; empty while the directory is asked
  };

  socket* find(const std::string& nsp);
  socket* find(uint64_t serial);
  void forget(socket& which, bool lost);
  void refuse(uint64_t serial, const caf::error& why);
  void refuse(const std::string& nsp, const caf::error& why);
  void refuse(const std::string& nsp, const char* title, antimony::error_code code, std::string detail);

  void verified(uint64_t serial, who user, const std::string& pid, std::optional<uint64_t> resume_after);
  void open(uint64_t serial, names called);
  void join(uint64_t serial, const stream_ref& where, subscription how);
  template <class Handle, class What>
  void subscribe(socket& which, const Handle& whom, What what);
  void subscribed(uint64_t serial, const caf::error& err);
  void registered(const socket& which, const std::string& pid, const std::string& sid);

  void command(socket& from, const client_event& event);
  void ask_lab(uint64_t id, const antimony::lab_request& what);
  void list_shells(uint64_t id, lab_id lab);
  void close_shell(uint64_t id, const antimony::lab_request& what);
  void to_shell(socket& from, const client_event& event, const std::string& name);
  template <class Input>
  void send_input(socket& from, const client_event& event, Input what);

  uint64_t start(const socket& from, const client_event& event, bool input);
  bool asks(uint64_t id, const caf::actor_addr& whom, bool shell);
  void done(uint64_t id, std::string json);
  void failed(uint64_t id, const caf::error& why);
  void lab_failed(uint64_t id, const caf::error& why);
  void shell_failed(uint64_t id, const caf::error& why);
  void fail(const task& what, const caf::error& why);
  task take(std::unordered_map<uint64_t, task>::iterator which);
  void refuse(const socket& from, const client_event& event, const caf::error& why);
  void answered(); // the directory has, and `awaited_` counted it
  void end_when_done();

  void watch(const caf::actor_addr& whom);
  void unwatch(const caf::actor_addr& whom);

  accounts_actor accounts_;
  bulletin_actor bulletin_;
  directory_actor directory_;
  gateway_actor gateway_;
  connection_id connection_;
  bool recovery_ = false, swapped_ = false, lost_ = false;
  uint64_t serial_ = 0;
  std::vector<socket> sockets_;
  std::vector<std::pair<uint64_t, std::string>> joining_; // subscriptions that are not answered yet: serial, namespace
  std::vector<client_connect> deferred_; // for a namespace in `joining_` whose client has left meanwhile
  std::unordered_map<uint64_t, task> tasks_;
  size_t commands_ = 0, inputs_ = 0;
  size_t awaited_ = 0; // answers of the directory without which the session must not end
  std::vector<std::pair<caf::actor_addr, size_t>> watched_;
};

session_actor::behavior_type session(session_actor::stateful_pointer<session_state> self, session_setup setup);

} // namespace stibium
