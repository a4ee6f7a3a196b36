#include "transport/io/timing_wheel.hpp"

#include <algorithm>

namespace stibium::io {

namespace {

void link_before(wheel_links& head, wheel_links& what) {
  what.prev = head.prev;
  what.next = &head;
  head.prev->next = &what;
  head.prev = &what;
}

void unlink(wheel_links& what) {
  what.prev->next = what.next;
  what.next->prev = what.prev;
  what.prev = what.next = &what;
}

} // namespace

void deadline::disarm() {
  if (!wheel_) return;
  unlink(*this);
  --wheel_->size_;
  wheel_ = nullptr;
}

timing_wheel::timing_wheel(std::chrono::milliseconds slot, clock::time_point now, size_t slots)
    : slot_(std::max(slot, std::chrono::milliseconds{1}))
    , start_(now)
    , count_(std::max<size_t>(slots, 1))
    , heads_(std::make_unique<wheel_links[]>(count_)) {}

timing_wheel::~timing_wheel() {
  for (size_t i = 0; i < count_; ++i)
    while (heads_[i].next != &heads_[i]) static_cast<deadline*>(heads_[i].next)->disarm();
}

void timing_wheel::arm(deadline& what, clock::time_point due) {
  what.disarm();
  // A slot is looked at when all of it has passed, so the slot is the one in which `due` lies.
  auto tick = due <= start_ ? 0 : static_cast<uint64_t>((due - start_ - clock::duration{1}) / slot_);
  link_before(heads_[std::max(tick, next_tick_) % count_], what);
  what.wheel_ = this;
  what.due_ = due;
  ++size_;
}

size_t timing_wheel::advance(clock::time_point now) {
  if (now < start_) return 0;
  auto passed = static_cast<uint64_t>((now - start_) / slot_); // slots that have passed wholly
  if (passed <= next_tick_) return 0;
  auto first = next_tick_;
  auto slots = std::min<uint64_t>(passed - first, count_);
  next_tick_ = passed;
  size_t done = 0;
  for (uint64_t i = 0; i < slots && size_ > 0; ++i) done += run_slot(heads_[(first + i) % count_], now);
  return done;
}

size_t timing_wheel::run_slot(wheel_links& head, clock::time_point now) {
  // What is armed from here on waits for a later call, even when it lands in this very slot.
  wheel_links waiting;
  if (head.next == &head) return 0;
  waiting.prev = head.prev;
  waiting.next = head.next;
  waiting.prev->next = waiting.next->prev = &waiting;
  head.prev = head.next = &head;
  size_t done = 0;
  while (waiting.next != &waiting) {
    auto& first = *static_cast<deadline*>(waiting.next);
    if (first.due_ > now) { // a later turn
      unlink(first);
      link_before(head, first);
      continue;
    }
    first.disarm();
    ++done;
    first.passed_(first.owner_); // may destroy it, and arm or disarm any other
  }
  return done;
}

} // namespace stibium::io
