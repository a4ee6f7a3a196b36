#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace stibium::io {

class timing_wheel;

/// A place in one of a wheel's lists.
struct wheel_links {
  wheel_links* prev = this;
  wheel_links* next = this;
};

/// A moment to wait for, armed on a wheel. A member of what it watches over: arming allocates nothing. Not thread-safe,
/// like its wheel. Its destructor disarms it.
class deadline : private wheel_links {
public:
  using clock = std::chrono::steady_clock;
  /// Called with the owner, once, when the moment has come; by then it is disarmed and may be armed again, or
  /// destroyed.
  using passed_fn = void (*)(void* owner);

  deadline(void* owner, passed_fn passed)
      : owner_(owner)
      , passed_(passed) {}
  ~deadline() { disarm(); }
  deadline(const deadline&) = delete;
  deadline& operator=(const deadline&) = delete;

  /// Forgets the moment; no effect when it is not armed.
  void disarm();

  bool armed() const { return wheel_ != nullptr; }

  /// The moment last armed for.
  clock::time_point due() const { return due_; }

private:
  friend class timing_wheel;

  timing_wheel* wheel_ = nullptr;
  clock::time_point due_{};
  void* owner_;
  passed_fn passed_;
};

/// A hashed timing wheel: arms, re-arms and disarms in constant time, and looks only at the slots that time has passed.
/// Time comes from the caller. Deadlines still armed when the wheel goes are disarmed.
class timing_wheel {
public:
  using clock = deadline::clock;

  /// A wheel whose slots are `slot` wide (at least 1 ms). What is further away than `slots` of them takes more turns.
  timing_wheel(std::chrono::milliseconds slot, clock::time_point now, size_t slots = 256);
  ~timing_wheel();
  timing_wheel(const timing_wheel&) = delete;
  timing_wheel& operator=(const timing_wheel&) = delete;

  /// Arms, or re-arms. The deadline passes in an `advance` at or after `due`: never early and, when `advance` is called
  /// once per slot, at most one slot late.
  void arm(deadline& what, clock::time_point due);

  /// Lets time pass up to `now`; returns how many deadlines have passed.
  size_t advance(clock::time_point now);

  /// How many deadlines are armed.
  size_t size() const { return size_; }

  std::chrono::milliseconds slot() const { return slot_; }

private:
  friend class deadline;
  size_t run_slot(wheel_links& head, clock::time_point now);

  std::chrono::milliseconds slot_;
  clock::time_point start_;
  uint64_t next_tick_ = 0; ///< the first slot that has not passed yet
  size_t size_ = 0;
  size_t count_;
  std::unique_ptr<wheel_links[]> heads_;
};

} // namespace stibium::io
