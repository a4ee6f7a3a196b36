#include "actors/scheduler.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace stibium {

identity scheduler_identity() { return {"scheduler", "the scheduler", true, {}}; }

void scheduler_state::set(const lab_schedule& times) {
  const auto old = entries_.find(times.id.value);
  const bool same_lab = old != entries_.end() && old->second.times.lab == times.lab;
  const auto again = same_lab ? old->second.again : std::nullopt;
  cancel(times.id);
  if (!times.lab || (!times.start && !times.end && !again)) return;
  self->monitor(times.lab);
  auto& made = entries_[times.id.value];
  made.times = times;
  made.again = again;
  look(made);
}

void scheduler_state::cancel(const lab_id& id) {
  auto old = entries_.extract(id.value);
  if (!old.empty()) self->demonitor(old.mapped().times.lab.address());
}

void scheduler_state::tick(const schedule_tick& what) {
  const auto found = entries_.find(what.id.value);
  if (found != entries_.end() && found->second.generation == what.generation) look(found->second);
}

/// Does what is due, then waits for what comes next.
void scheduler_state::look(entry& which) {
  const auto now = setup_.now();
  auto& [id, start, end, lab] = which.times;
  const auto is_due = [now](const std::optional<time_point>& at) { return at && *at <= now; };
  if (is_due(end)) {
    for (auto* done : {&start, &which.again, &end}) done->reset(); // what starts now would end at once
    order(which, lab_verb::destroy);
  } else if (is_due(start) || is_due(which.again)) {
    if (is_due(start)) start.reset();
    which.again.reset();
    order(which, lab_verb::deploy);
  }
  std::optional<time_point> next;
  for (const auto& at : {start, which.again, end})
    if (at && (!next || *at < *next)) next = at;
  if (next)
    wake(which, *next);
  else
    cancel(lab_id{id});
}

void scheduler_state::wake(entry& which, time_point at) {
  which.generation = ++last_generation_;
  const auto wait = std::clamp<time_point::duration>(at - setup_.now(), time_point::duration::zero(), longest_wait);
  self->delayed_send(self, std::chrono::duration_cast<std::chrono::nanoseconds>(wait),
                     schedule_tick{which.times.id, which.generation});
}

void scheduler_state::order(const entry& which, lab_verb verb) {
  const auto& [id, start, end, lab] = which.times;
  // No timeout: a lab answers every command, also when it ends. What goes wrong the lab tells itself.
  self->request(lab, caf::infinite, lab_command{verb, "", scheduler_identity(), true})
      .then([] {},
            [this, verb, id = id, lab = lab](caf::error& err) {
              if (verb == lab_verb::deploy && err == ec::being_destroyed) start_later(id, lab);
            });
}

void scheduler_state::start_later(const lab_id& id, const lab_actor& lab) {
  const auto [found, is_new] = entries_.try_emplace(id.value);
  auto& which = found->second;
  if (is_new) {
    which.times = {id, {}, {}, lab};
    self->monitor(lab);
  }
  which.again = setup_.now() + again_after;
  look(which);
}

void scheduler_state::lab_down(const caf::actor_addr& who) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.times.lab.address() == who; });
}

ticking_scheduler_actor::behavior_type scheduler(ticking_scheduler_actor::stateful_pointer<scheduler_state> self,
                                                 scheduler_setup setup) {
  self->set_down_handler([self](caf::down_msg& msg) { self->state.lab_down(msg.source); });
  self->state.begin(std::move(setup));
  return {[self](const lab_schedule& times) { self->state.set(times); },
          [self](atom::cancel, const lab_id& id) { self->state.cancel(id); },
          [self](const schedule_tick& what) { self->state.tick(what); }};
}

} // namespace stibium
