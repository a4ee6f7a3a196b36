#pragma once

#include "transport/runtime/embedded.hpp"
#include "transport/runtime/embedded_messages.hpp"
#include "transport/runtime/log_follower.hpp"
#include "transport/runtime/open_terminals.hpp"
#include "transport/runtime/waiting_commands.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <caf/all.hpp>

#include <map>

namespace stibium::runtime {

/// What the embedded runtime knows. Lives on its io thread; everything that blocks is left to workers.
class embedded_state {
public:
  static constexpr const char* name = "embedded runtime";
  explicit embedded_state(embedded_actor::pointer self)
      : self(self) {}
  ~embedded_state();

  /// Takes over what an earlier process has left.
  void begin(nursery in, io::io_thread* thread, embedded_options options, std::shared_ptr<const sandbox> box,
             std::vector<instance_record> left);

  caf::result<instance_status> command(const runtime_command& what);
  void cancel(const std::string& instance);
  std::vector<instance_status> inspect() const;
  caf::result<instance_status> adopt(const instance_ref& where, const node_observer_actor& observer);
  caf::result<terminal_actor> open(const open_terminal& what);
  caf::result<void> follow(const follow_log& what);
  runtime_health health() const;

  void made(const instance_made& news);
  void ending(const instance_ending& news);
  void started(const node_started& news);
  void ended(const node_ended& news);
  void done(const command_ended& news);
  /// Keeps the logs of nodes within bounds; answers when to come again.
  std::chrono::milliseconds tick();
  void drop(const caf::actor_addr& who);

  embedded_actor::pointer self;

private:
  struct node_entry {
    node_record kept;
    std::optional<node_process> process; ///< while it runs
    node_state state = node_state::starting;
    node_addresses addresses;
  };
  struct instance_entry {
    instance_record record;
    node_observer_actor observer;
    std::vector<node_entry> nodes;
    open_terminals terminals;
    bool ending = false;
  };
  struct follower_entry {
    std::string instance, node;
    log_sink_actor sink;
    log_follower_actor actor;
  };
  struct running_command {
    pending_command now;
    std::shared_ptr<interrupter> stop;
    waiting_commands next;
  };

  void launch(running_command& slot);
  instance_entry& enter(const instance_record& record);
  void leave(const std::string& instance);
  void end_followers(const std::string& instance);
  void watch(const node_started& what);
  void mark_ended(instance_entry& instance, node_entry& node, const std::string& how);
  void tell(const instance_entry& instance, const node_entry& node, std::string what) const;
  node_info describe(const instance_entry& instance, const node_entry& node) const;
  instance_status status_of(const std::string& instance) const;
  instance_entry* find(const std::string& instance);
  static node_entry* find(instance_entry& instance, const std::string& node);

  nursery in_;
  io::io_thread* thread_ = nullptr;
  embedded_options options_;
  std::shared_ptr<const sandbox> box_;
  std::map<std::string, instance_entry> instances_;
  std::map<std::string, running_command> commands_;
  std::map<pid_t, std::unique_ptr<boost::asio::posix::stream_descriptor>> watches_;
  std::vector<follower_entry> followers_;
};

} // namespace stibium::runtime
