#pragma once

#include "actors/house.hpp"

#include <deque>

namespace stibium {

/// How the house is built: who makes which actor. Each factory gets the house as far as it stands, in the order of the
/// members, and is called once, in the guardian's turn. What a factory throws ends the start with its text.
struct blueprint {
  house ground; ///< births, bounds, `make_spool`, `run_folder`, `now`; the handles are filled in
  std::function<store_actor(const house&)> store;
  // From here on, what the store holds is known.
  std::function<accounts_actor(const house&, const stored_state&)> accounts;
  std::function<bulletin_actor(const house&)> bulletin;
  std::function<runtime_actor(const house&)> runtime;
  std::function<supervisor_actor(const house&)> supervisor;
  std::function<scheduler_actor(const house&)> scheduler;
  std::function<directory_actor(const house&, const stored_state&)> directory;
  std::function<orphans_actor(const house&)> orphans;
};

/// The GUARDIAN builds the house and takes it down again. It ends when the house is down: with no reason after
/// `atom::shut`, with an error that says what failed otherwise. Whoever runs the process monitors it and starts the
/// process again; nodes outlive it and are taken back.
using guardian_actor = caf::typed_actor<
    // The complete house; waits until it stands. Fails when it cannot be built.
    caf::replies_to<atom::wanted>::with<house>,
    // Takes the house down in order; labs keep their nodes. Answered when it is down.
    caf::reacts_to<atom::shut>>;

/// A guardian and the ticks that it sends itself.
using ticking_guardian_actor = guardian_actor::extend<caf::reacts_to<atom::tick, uint64_t>>;

/// See `guardian_actor`. When one of those that it started ends, the rest cannot do its work without it (they hold its
/// handle), so the house is taken down: scheduler and directory with the labs first, the store last, so that everything
/// said on the way is still written.
struct guardian_state {
  static constexpr const char* name = "guardian";
  static constexpr std::chrono::seconds load_deadline{30};
  /// How long one actor may take to end before the next one is ended; all of them end within the 10 s of a shutdown.
  static constexpr std::chrono::milliseconds end_deadline{1200};
  /// How often it is looked whether the labs and what belongs to them have ended.
  static constexpr std::chrono::milliseconds look_again{20};

  explicit guardian_state(ticking_guardian_actor::pointer self)
      : self{self} {}
  ~guardian_state();

  void begin(blueprint plan);
  caf::result<house> wanted();
  caf::result<void> shut();
  void tick(uint64_t generation);
  void down(const caf::down_msg& msg);

  ticking_guardian_actor::pointer self;

private:
  enum class phase : uint8_t { starting, standing, ending };
  struct resident {
    std::string what;
    caf::strong_actor_ptr who;
  };

  template <class Handle>
  Handle move_in(std::string what, Handle who);
  void build(const stored_state& stored);
  void fail(std::string why);
  void take_down(caf::error reason);
  void end_next();
  bool labs_live() const; ///< or what belongs to them

  blueprint plan_;
  house house_;
  phase phase_ = phase::starting;
  std::vector<caf::response_promise> waiting_; ///< for the house
  std::vector<caf::response_promise> shutting_;
  std::deque<resident> residents_; ///< in the order in which they are ended
  std::optional<resident> ending_;
  uint64_t generation_ = 0;
  int looks_ = 0; ///< at the labs' end
  caf::error reason_;
};

ticking_guardian_actor::behavior_type guardian(ticking_guardian_actor::stateful_pointer<guardian_state> self,
                                               blueprint plan);

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::house)
