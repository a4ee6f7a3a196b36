#pragma once

#include <caf/all.hpp>

#include <map>
#include <memory>
#include <optional>

#include "script.hpp"
#include "scripted_terminal.hpp"

/// \file
/// The inside of the scripted runtime.

namespace stibium::harness {

/// Something of the script is due.
struct step {
  enum class what : uint8_t { finish, exits, tick } due = what::finish;
  std::string instance, node;
  uint64_t generation = 0; ///< of the command or the node; a step of an earlier one is stale
};

/// A terminal that is being opened is due.
struct terminal_due {
  open_terminal wanted;
  caf::typed_response_promise<terminal_actor> promise;
};

} // namespace stibium::harness

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::terminal_due)

namespace stibium::harness {

using scripted_runtime_actor = runtime_actor::extend<caf::reacts_to<terminal_said>, caf::reacts_to<produce_lines>,
                                                     caf::reacts_to<step>, caf::reacts_to<terminal_due>>;

/// Who gets a node's log, one batch at a time.
struct follower {
  log_sink_actor sink;
  std::vector<std::string> pending;
  bool busy = false;
};

struct node {
  node_script script;
  node_info info;
  std::vector<std::string> said;
  std::vector<std::shared_ptr<follower>> followers;
  std::vector<scripted_terminal_actor> terminals;
  uint64_t generation = 0, ticks = 0;
  time_point started{};
};

struct running_command {
  runtime_command what;
  node_script script;
  caf::typed_response_promise<instance_status> promise;
  uint64_t generation = 0;
};

struct instance {
  instance_ref where;
  std::map<std::string, node> nodes;
  node_observer_actor observer;
  std::optional<running_command> running;
};

struct runtime_state {
  static constexpr const char* name = "scripted_runtime";
  explicit runtime_state(scripted_runtime_actor::pointer self)
      : self{self} {}

  caf::result<instance_status> begin(const runtime_command& command);
  void finish(instance& in);
  caf::error carry_out(instance& in, const runtime_command& command);
  void cancel(const std::string& name);
  void start(instance& in, node& one);
  void end(instance& in, node& one, const std::string& why, bool tell);
  void say(node& one, std::vector<std::string> lines);
  void feed(const std::shared_ptr<follower>& to);
  void take(const step& due);
  void produce(produce_lines job);
  void tick(const step& due, node& one);
  void attach(const follow_log& wanted);
  caf::result<terminal_actor> open(const open_terminal& wanted);
  void open_now(terminal_due due);
  node* find(const std::string& instance_name, const std::string& node_name);
  instance_status status(const instance& in) const;
  void tell(instance& in, const node& one, std::string what);

  scripted_runtime_actor::pointer self;
  nursery births;
  std::map<std::string, instance> instances;
  uint64_t generations = 0;
};

} // namespace stibium::harness
