#pragma once

#include "actors/house.hpp"

#include <deque>
#include <map>

namespace stibium {

/// What a supervisor starts with.
struct supervisor_setup {
  runtime_actor runtime;
  bulletin_actor bulletin; ///< hears when the runtime's health changes
  limits bounds;           ///< `parallel_commands`, `command_deadline`
  size_t max_queue = 256;  ///< commands that may wait; more are refused with `queue_full`
  /// How long after its deadline a command that the runtime does not end is answered without the runtime.
  std::chrono::seconds answer_grace{5};
  /// How long the runtime may take to cut a command off; after that the command hangs.
  std::chrono::seconds cancel_grace{30};
  /// How long a command waits for another that hangs in its instance.
  std::chrono::seconds hang_patience{30};
  std::chrono::seconds health_interval{5}; ///< between two questions for the runtime's health
  std::chrono::seconds retry_after{2};     ///< a destroy that did not reach the runtime is tried once more after this
};

/// A moment in the life of a command; sent by the supervisor to itself.
struct command_tick {
  enum class what : uint8_t { deadline, answer, grace, retry, patience } at = what::deadline;
  uint64_t command = 0;
};

/// A supervisor and the ticks that it sends itself.
using ticking_supervisor_actor = supervisor_actor::extend<caf::reacts_to<command_tick>, caf::reacts_to<atom::tick>>;

/// See `supervisor_actor`. Commands start in order, except that one whose instance is busy lets others pass. A destroy
/// drops what waits for its instance. Every command is answered once: with the runtime's answer, with `cancelled`, with
/// `deadline_passed`, or with `runtime_unavailable` when the runtime has ended.
///
/// A command past its deadline is cancelled, and answered `answer_grace` later at the latest, whatever the runtime
/// does. It keeps its slot for as long as cancelling may take. After `cancel_grace` it hangs: the slot goes to others,
/// since one stuck containerlab must not stop all labs, and the runtime is said not to be ready. Its instance it keeps
/// until the runtime answers after all, since two commands at a time could tear the instance apart; what comes for that
/// instance waits `hang_patience` and is then refused with `runtime_unavailable`. So at most one command hangs per
/// instance, and only those are more than `parallel_commands` at a time.
struct supervisor_state {
  static constexpr const char* name = "supervisor";
  explicit supervisor_state(ticking_supervisor_actor::pointer self)
      : self{self} {}
  ~supervisor_state();

  void begin(supervisor_setup setup);
  caf::result<instance_status> submit(const runtime_command& cmd);
  void cancel(const std::string& instance);
  void tick(const command_tick& now);
  void ask_health();
  void heard_health(runtime_health health);
  runtime_health health() const;
  void runtime_down(const caf::error& why);

  ticking_supervisor_actor::pointer self;

private:
  /// Why a running command is being cut off.
  enum class cut : uint8_t { no, cancelled, deadline };
  struct waiting_command {
    uint64_t id = 0;
    runtime_command what;
    caf::response_promise promise;
    size_t told_position = 0; ///< in its log; 0: not yet
  };
  struct running_command {
    runtime_command what;
    caf::response_promise promise;
    bool answered = false; ///< though the runtime may still be at it
    cut cut_off = cut::no;
    bool retried = false, pausing = false; ///< pausing: the runtime is not at it; a second try follows
    bool hangs = false;                    ///< counts no longer as running
  };

  void pump();
  bool is_busy(const std::string& instance) const;
  size_t running() const;
  void start(waiting_command next);
  void ask_runtime(uint64_t id);
  void finish(uint64_t id, const caf::expected<instance_status>& how);
  void cut_off(uint64_t id, cut why);
  bool is_hanging(const std::string& instance) const;
  void wait_for_hanging(const waiting_command& waiting);
  template <class With>
  void answer(running_command& command, const With& with);
  caf::error unanswered(const running_command& command) const;
  std::string deadline_text() const;
  void hang(uint64_t id);
  void lose_patience(uint64_t id);
  void drop_waiting(const std::string& instance, const std::string& why);
  void tell_positions();
  void tell_health();

  supervisor_setup setup_;
  std::deque<waiting_command> queue_;
  std::map<uint64_t, running_command> running_;
  uint64_t last_id_ = 0;
  bool runtime_gone_ = false;
  std::optional<runtime_health> health_; ///< absent until the first answer
  runtime_health told_{true, ""};        ///< what the bulletin knows
};

ticking_supervisor_actor::behavior_type supervisor(ticking_supervisor_actor::stateful_pointer<supervisor_state> self,
                                                   supervisor_setup setup);

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::command_tick)
