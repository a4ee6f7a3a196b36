#pragma once

#include "actors/house.hpp"

#include <map>

namespace stibium {

/// What a scheduler starts with.
struct scheduler_setup {
  std::function<time_point()> now = [] { return std::chrono::system_clock::now(); }; ///< the time of day
};

/// Time to look at a lab's times; sent by the scheduler to itself.
struct schedule_tick {
  lab_id id;
  uint64_t generation = 0; ///< older ones mean nothing
};

/// A scheduler and the ticks that it sends itself.
using ticking_scheduler_actor = scheduler_actor::extend<caf::reacts_to<schedule_tick>>;

/// Who commands labs at their times.
identity scheduler_identity();

/// See `scheduler_actor`. A later schedule of a lab replaces the earlier one; without times it is forgotten, as it is
/// when the lab ends. A start does nothing when the lab has an instance; a start that meets a lab being destroyed is
/// tried again, whatever is scheduled meanwhile, until the end. What becomes of the commands the labs tell themselves.
struct scheduler_state {
  static constexpr const char* name = "scheduler";
  /// The clock of the day is looked at this often: it may be set.
  static constexpr std::chrono::minutes longest_wait{10};
  static constexpr std::chrono::seconds again_after{10};

  explicit scheduler_state(ticking_scheduler_actor::pointer self)
      : self{self} {}

  void begin(scheduler_setup setup) { setup_ = std::move(setup); }
  void set(const lab_schedule& times);
  void cancel(const lab_id& id);
  void tick(const schedule_tick& what);
  void lab_down(const caf::actor_addr& who);

  ticking_scheduler_actor::pointer self;

private:
  struct entry {
    lab_schedule times;
    std::optional<time_point> again; // a start that met a lab being destroyed
    uint64_t generation = 0;
  };

  void look(entry& which);
  void wake(entry& which, time_point at);
  void order(const entry& which, lab_verb verb);
  void start_later(const lab_id& id, const lab_actor& lab);

  scheduler_setup setup_;
  std::map<std::string, entry> entries_; // by lab id
  uint64_t last_generation_ = 0;
};

ticking_scheduler_actor::behavior_type scheduler(ticking_scheduler_actor::stateful_pointer<scheduler_state> self,
                                                 scheduler_setup setup);

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::schedule_tick)
