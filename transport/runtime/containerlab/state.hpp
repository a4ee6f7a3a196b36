#pragma once

#include "transport/runtime/containerlab/containerlab.hpp"
#include "transport/runtime/containerlab/damper.hpp"
#include "transport/runtime/containerlab/messages.hpp"
#include "transport/runtime/log_follower.hpp"
#include "transport/runtime/open_terminals.hpp"
#include "transport/runtime/waiting_commands.hpp"

#include <caf/all.hpp>

#include <map>
#include <set>

namespace stibium::containerlab {

/// What the containerlab runtime knows. Lives on its io thread; everything that blocks is left to helpers.
class clab_state {
public:
  static constexpr const char* name = "containerlab runtime";
  explicit clab_state(clab_actor::pointer self)
      : self(self) {}
  ~clab_state();

  /// Takes over what an earlier process has left, as far as `first` knows.
  void begin(nursery in, io::io_thread* thread, options how, tools with, const survey& first);

  caf::result<instance_status> command(const runtime_command& what);
  void cancel(const std::string& instance);
  std::vector<instance_status> inspect() const;
  caf::result<instance_status> adopt(const instance_ref& where, const node_observer_actor& observer);
  caf::result<terminal_actor> open(const open_terminal& what);
  caf::result<void> follow(const follow_log& what);
  runtime_health health() const { return health_; }

  void done(const command_done& news);
  void done(const heal_done& news);
  void check(const check_due& news);
  void take(const survey& news);
  void hear(const lab_event& event);
  void hear(const std::vector<docker::container_event>& events);
  void hear(const docker::events_state& news);
  void lost(const events_over& news);
  /// Opens and looks when it is time.
  void tick();
  void drop(const caf::actor_addr& who);

  clab_actor::pointer self;

private:
  using clock = std::chrono::steady_clock;
  struct instance_entry {
    std::optional<instance_ref> where; ///< once a lab of this process stands behind it
    node_observer_actor observer;
    log_sink_actor log;
    lab_seen seen;
    lab_memory memory;
    std::vector<lab_link> links;
    std::set<link_end> given_up; ///< missing ends that a repair did not bring back
    runtime::open_terminals terminals;
    damper patience;
    uint64_t check = 0;            ///< the number of the one that is due; 0: none
    uint64_t changed = 0;          ///< the count of changes at its last change
    clock::time_point worked_on{}; ///< when the last command or repair ended
    bool links_lost = false, look_again = false;
    bool settling = false; ///< the check that is due waits for Docker to end what a command has begun
    /// Link ends that went while a command worked or right after it, by node and interface: of which container.
    std::map<link_end, std::string> missing;
    std::set<std::string> patients; ///< of the last repair
    std::string trouble;            ///< why it failed; empty: it did not
  };
  struct running_work {
    std::optional<runtime::pending_command> now; ///< nothing: a repair
    bool links_lost = false;                     ///< of a repair: why it was begun
    std::shared_ptr<runtime::interrupter> stop;
    runtime::waiting_commands next;
  };
  struct follower_entry {
    std::string instance, node, container;
    log_sink_actor sink;
    runtime::log_follower_actor actor; ///< null while the node has no container
  };

  // commands and repairs (state.cpp)
  void launch(const std::string& instance, running_work& slot);
  void launch_heal(const std::string& instance, instance_entry& entry);
  void go_on(const std::string& instance);
  template <class Order>
  bool help(const char* kind, const std::string& what, Order order);
  void begin_work(instance_entry& entry, bool on_node);
  bool told_to(const std::string& instance, const std::string& node) const;

  // what is there (state_events.cpp)
  void update(instance_entry& entry, const std::string& instance, const lab_seen& seen, bool explain);
  void hear_of(instance_entry& entry, const lab_event& event);
  void hear_of_link(instance_entry& entry, const lab_event& event);
  void miss_links();
  static bool lacks_links(instance_entry& entry, const lab_seen& seen);
  void schedule(instance_entry& entry, const std::string& instance, bool links_lost);
  void give_up(instance_entry& entry, const std::string& instance);
  void tell(const instance_entry& entry, const std::string& instance, const node_info& node, std::string what) const;
  void touch(instance_entry& entry) { entry.changed = ++changes_; }
  void leave(const std::string& instance);
  void look_around_soon() { next_survey_ = clock::now(); }
  void set_health(runtime_health now);

  // terminals and logs (state_streams.cpp)
  void follow_again(const std::string& instance, const instance_entry& entry);
  void start_following(follower_entry& entry, const std::string& container);
  void end_followers(const std::string& instance);

  instance_entry* find(const std::string& instance);
  instance_status status_of(const std::string& instance) const;
  void place(instance_entry& entry, const instance_ref& where);

  nursery in_;
  io::io_thread* thread_ = nullptr;
  options how_;
  std::optional<tools> with_;
  runtime_health health_;
  std::map<std::string, instance_entry> instances_;
  std::map<std::string, running_work> work_;
  std::vector<follower_entry> followers_;
  uint64_t changes_ = 0, checks_ = 0;
  bool taken_back_ = false; ///< Docker was seen once: what an earlier process has left is known
  bool surveying_ = false, streaming_ = false;
  clock::time_point next_survey_{}, next_stream_{};
  std::chrono::milliseconds survey_pause_{}, stream_pause_{};
  std::shared_ptr<runtime::interrupter> stream_stop_;
  docker::event_reader_actor docker_events_;
};

/// Gives an order to a helper. False when there are no more threads.
template <class Order>
bool clab_state::help(const char* kind, const std::string& what, Order order) {
  try {
    const auto hand = spawn(in_, placement::detached(), {kind, what, "", self->id()}, helper);
    caf::anon_send(hand, std::move(order));
    return true;
  } catch (const std::system_error&) { // no more threads
    return false;
  }
}

} // namespace stibium::containerlab
