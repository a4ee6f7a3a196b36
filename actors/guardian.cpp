#include "actors/guardian.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <array>

namespace stibium {

guardian_state::~guardian_state() {
  const auto over = reason_ ? reason_ : failure(ec::shutting_down, "the service is shutting down");
  for (auto& promise : waiting_) promise.deliver(over);
  for (auto& promise : shutting_) promise.deliver(caf::unit);
}

// -- up ---------------------------------------------------------------------------------------------------------------

void guardian_state::begin(blueprint plan) {
  plan_ = std::move(plan);
  house_ = plan_.ground;
  house_.guardian = self->id();
  try {
    house_.store = move_in("store", plan_.store(house_));
  } catch (const std::exception& problem) {
    return fail(std::string{"the store cannot be started: "} + problem.what());
  }
  self->request(house_.store, load_deadline, atom::load_v)
      .then(
          [this](const stored_state& stored) {
            if (phase_ != phase::starting) return;
            try {
              build(stored);
            } catch (const std::exception& problem) {
              fail(std::string{"the house cannot be built: "} + problem.what());
            }
          },
          [this](caf::error& err) {
            if (phase_ == phase::starting) fail("the stored state cannot be loaded: " + message_of(err));
          });
}

void guardian_state::build(const stored_state& stored) {
  house_.accounts = move_in("accounts", plan_.accounts(house_, stored));
  house_.bulletin = move_in("bulletin", plan_.bulletin(house_));
  house_.runtime = move_in("runtime", plan_.runtime(house_));
  house_.supervisor = move_in("supervisor", plan_.supervisor(house_));
  house_.scheduler = move_in("scheduler", plan_.scheduler(house_));
  house_.directory = move_in("directory", plan_.directory(house_, stored));
  house_.orphans = move_in("orphans", plan_.orphans(house_));
  // No new commands first; then the labs, which the directory ends.
  std::ranges::stable_partition(residents_, [](const auto& one) { return one.what == "scheduler"; });
  phase_ = phase::standing;
  for (auto& promise : std::exchange(waiting_, {})) promise.deliver(house_);
}

template <class Handle>
Handle guardian_state::move_in(std::string what, Handle who) {
  self->monitor(who);
  residents_.push_front({std::move(what), caf::actor_cast<caf::strong_actor_ptr>(who)});
  return who;
}

caf::result<house> guardian_state::wanted() {
  if (phase_ == phase::standing) return house_;
  if (phase_ == phase::ending) return reason_ ? reason_ : failure(ec::shutting_down, "the service is shutting down");
  auto promise = self->make_response_promise();
  waiting_.push_back(promise);
  return caf::delegated<house>{};
}

// -- down -------------------------------------------------------------------------------------------------------------

caf::result<void> guardian_state::shut() {
  auto promise = self->make_response_promise();
  if (!promise.async()) shutting_.push_back(promise);
  if (phase_ != phase::ending) take_down({});
  return caf::delegated<void>{};
}

void guardian_state::fail(std::string why) {
  if (house_.bulletin)
    caf::anon_send(house_.bulletin, status_message{"service", "The service ends: " + why, "", severity::fatal, {}, ""});
  take_down(failure(ec::internal, std::move(why)));
}

void guardian_state::take_down(caf::error reason) {
  phase_ = phase::ending;
  reason_ = std::move(reason);
  plan_ = {};
  for (auto& promise : std::exchange(waiting_, {}))
    promise.deliver(reason_ ? reason_ : failure(ec::shutting_down, "the service is shutting down"));
  end_next();
}

void guardian_state::end_next() {
  ++generation_;
  if (ending_ && ending_->what == "directory" && labs_live() && ++looks_ * look_again < end_deadline) {
    self->delayed_send(self, look_again, atom::tick_v, generation_); // their last lines go to the spools
    return;
  }
  ending_.reset();
  if (residents_.empty()) {
    house_ = {};
    return self->quit(reason_);
  }
  ending_ = std::move(residents_.front());
  residents_.pop_front();
  caf::anon_send_exit(ending_->who, caf::exit_reason::user_shutdown);
  self->delayed_send(self, end_deadline, atom::tick_v, generation_);
}

/// Another look at the labs, or an actor that does not end: the next one then.
void guardian_state::tick(uint64_t generation) {
  if (phase_ == phase::ending && generation == generation_) end_next();
}

void guardian_state::down(const caf::down_msg& msg) {
  if (phase_ == phase::ending) {
    std::erase_if(residents_, [&](const auto& one) { return one.who->address() == msg.source; });
    if (ending_ && ending_->who->address() == msg.source) end_next();
    return;
  }
  const auto found =
      std::ranges::find_if(residents_, [&](const auto& one) { return one.who->address() == msg.source; });
  if (found == residents_.end()) return;
  const auto what = found->what;
  residents_.erase(found);
  if (what == "bulletin") house_.bulletin = nullptr;
  fail("the " + what + " has ended: " + message_of(msg.reason));
}

bool guardian_state::labs_live() const {
  static constexpr std::array kinds{"lab", "log stream", "shell", "spool"};
  return std::ranges::any_of(house_.births.people->all(),
                             [](const auto& one) { return std::ranges::find(kinds, one.birth.kind) != kinds.end(); });
}

ticking_guardian_actor::behavior_type guardian(ticking_guardian_actor::stateful_pointer<guardian_state> self,
                                               blueprint plan) {
  self->set_down_handler([self](caf::down_msg& msg) { self->state.down(msg); });
  self->state.begin(std::move(plan));
  return {[self](atom::wanted) { return self->state.wanted(); }, [self](atom::shut) { return self->state.shut(); },
          [self](atom::tick, uint64_t generation) { self->state.tick(generation); }};
}

} // namespace stibium
