#pragma once

#include "actors/session.hpp"
#include "tests/actors/fixture.hpp"

namespace stibium::test {

/// What a stand-in for a stream was asked, and how it answers.
struct stream_record {
  std::vector<subscription> subscriptions;
  caf::error refuse; ///< when set, subscriptions fail with it
  std::vector<caf::response_promise> held = {};
};

/// What a stand-in for a shell heard.
struct shell_record {
  std::vector<subscription> subscriptions;
  std::vector<shell_input> typed;
  std::vector<shell_size> sizes;
  std::vector<std::string> closed;
  caf::error refuse;                            ///< when set, input and sizes fail with it
  bool hold = false;                            ///< input is not answered
  std::vector<caf::response_promise> held = {}; ///< what `hold` keeps
};

/// What a stand-in for a lab heard. With `hold` nothing is answered. It ends when its file is gone.
struct lab_record {
  std::vector<lab_command> commands;
  std::vector<open_shell> shells;
  caf::error refuse;
  bool hold = false;
  std::vector<caf::response_promise> held = {};
};

/// A session of alice (token "alice", group "net1"), with a gateway that writes down what the client gets.
class session_fixture : public actor_fixture {
public:
  session_fixture();
  ~session_fixture();

  session_actor make_session(bool recovery = false);
  stream_actor make_stream(std::shared_ptr<stream_record> record);
  /// One that answers its subscriptions when it gets a `leave_stream`.
  log_stream_actor make_held_stream(std::shared_ptr<stream_record> record);
  shell_actor make_shell(std::shared_ptr<shell_record> record);
  lab_actor make_lab(std::shared_ptr<lab_record> record);

  /// The client connects to a namespace with a token.
  void connect(const std::string& nsp, const std::string& token = "alice", const std::string& more = "");
  void connect_raw(const std::string& nsp, const std::string& auth);
  /// The client emits an event, with ack id `ack` unless that is negative.
  void emit(const std::string& nsp, const std::string& json, int ack = 0);
  /// The same, without running the actors.
  void emit_later(const std::string& nsp, const std::string& json, int ack = 0);
  /// Alice is in `/lab-commands`, and the lab "lab-1" is there.
  void with_lab(bool may_command = true);
  /// Alice is in the namespace of her shell "s1".
  void with_shell();
  /// The only ack so far; it is forgotten.
  std::string ack();
  /// "title code" of the only refusal so far; it is forgotten.
  std::string refusal();

  std::shared_ptr<shell_record> shell = std::make_shared<shell_record>();
  std::shared_ptr<lab_record> lab = std::make_shared<lab_record>();
  shell_actor shell_handle;
  lab_actor lab_handle;
  session_actor it;
};

inline const std::string null_ack = R"({"payload":null})";

/// Whether an ack is an error with this code.
bool is_error(const std::string& ack, int code);

} // namespace stibium::test
