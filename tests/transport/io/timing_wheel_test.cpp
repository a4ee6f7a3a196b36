#include "transport/io/timing_wheel.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using stibium::io::deadline;
using stibium::io::timing_wheel;

namespace {

using clock_type = timing_wheel::clock;

const clock_type::time_point t0{1000h};

/// Counts how often its moment came.
struct watcher {
  deadline due{this, [](void* me) { static_cast<watcher*>(me)->passed(); }};
  int times = 0;
  std::function<void()> then;

  void passed() {
    ++times;
    if (then) then();
  }
};

} // namespace

TEST_CASE("timing wheel: a deadline passes at its moment or within one slot after it") {
  for (auto after : {1ms, 49ms, 50ms, 51ms, 99ms, 100ms, 12799ms, 12800ms, 12801ms, 60000ms}) {
    timing_wheel wheel{50ms, t0};
    watcher w;
    wheel.arm(w.due, t0 + after);
    auto now = t0;
    while (w.times == 0) {
      REQUIRE(now - t0 <= after + 50ms);
      now += 10ms;
      wheel.advance(now);
    }
    CHECK(now - t0 >= after);
    CHECK(now - t0 <= after + 50ms);
    CHECK_FALSE(w.due.armed());
    CHECK(wheel.size() == 0);
  }
}

TEST_CASE("timing wheel: a deadline of the past passes in the next slot") {
  timing_wheel wheel{50ms, t0};
  watcher w;
  wheel.advance(t0 + 10s);
  wheel.arm(w.due, t0 + 1s);
  CHECK(wheel.advance(t0 + 10s + 50ms) == 1);
  CHECK(w.times == 1);
}

TEST_CASE("timing wheel: re-arming replaces, disarming forgets, a destroyed deadline is gone") {
  timing_wheel wheel{1s, t0};
  watcher moved, gone;
  wheel.arm(moved.due, t0 + 3s);
  wheel.arm(moved.due, t0 + 30s);
  wheel.arm(gone.due, t0 + 3s);
  gone.due.disarm();
  {
    watcher brief;
    wheel.arm(brief.due, t0 + 3s);
    CHECK(wheel.size() == 2);
  }
  CHECK(wheel.size() == 1);
  CHECK(wheel.advance(t0 + 10s) == 0);
  CHECK(wheel.advance(t0 + 31s) == 1);
  CHECK(moved.times == 1);
  CHECK(gone.times == 0);
}

TEST_CASE("timing wheel: a deadline may arm itself again and destroy its neighbours when it passes") {
  timing_wheel wheel{1s, t0};
  watcher first;
  auto second = std::make_unique<watcher>();
  first.then = [&] {
    second.reset();
    wheel.arm(first.due, first.due.due() + 256s); // the same slot, one turn later
  };
  wheel.arm(first.due, t0 + 5s);
  wheel.arm(second->due, t0 + 5s);
  CHECK(wheel.advance(t0 + 10s) == 1);
  CHECK_FALSE(second);
  CHECK(wheel.size() == 1);
  CHECK(wheel.advance(t0 + 260s) == 0);
  CHECK(wheel.advance(t0 + 262s) == 1);
}

TEST_CASE("timing wheel: a long pause looks at every slot once and loses nothing") {
  timing_wheel wheel{1s, t0, 8};
  std::vector<std::unique_ptr<watcher>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<watcher>());
    wheel.arm(all.back()->due, t0 + i * 1s);
  }
  CHECK(wheel.advance(t0 + 1000s) == 100);
  for (auto& w : all) CHECK(w->times == 1);
}

TEST_CASE("timing wheel: deadlines outlive their wheel") {
  watcher w;
  {
    timing_wheel wheel{1s, t0};
    wheel.arm(w.due, t0 + 1s);
  }
  CHECK_FALSE(w.due.armed());
}

TEST_CASE("timing wheel: random arms, re-arms and disarms agree with a plain list") {
  std::mt19937 random{7};
  timing_wheel wheel{20ms, t0, 32};
  std::vector<std::unique_ptr<watcher>> all;
  for (int i = 0; i < 200; ++i) all.push_back(std::make_unique<watcher>());
  std::vector<clock_type::time_point> due(all.size()); // the epoch: not armed
  auto now = t0;
  for (int round = 0; round < 5000; ++round) {
    auto i = random() % all.size();
    if (random() % 4 == 0) {
      all[i]->due.disarm();
      due[i] = {};
    } else {
      due[i] = now + std::chrono::milliseconds{random() % 3000};
      wheel.arm(all[i]->due, due[i]);
    }
    now += std::chrono::milliseconds{random() % 20};
    wheel.advance(now);
    for (size_t k = 0; k < all.size(); ++k) {
      if (due[k] == clock_type::time_point{}) continue;
      if (!all[k]->due.armed()) {
        REQUIRE(due[k] <= now);
        due[k] = {};
      } else {
        REQUIRE(due[k] + 20ms > now);
      }
    }
  }
}
