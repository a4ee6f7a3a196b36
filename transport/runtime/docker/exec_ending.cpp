#include "transport/runtime/docker/exec_ending.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/exec_mark.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace stibium::docker {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto docker_deadline = 5s;
constexpr auto first_pause = 500ms, longest_pause = 30'000ms;
constexpr auto patience = 1h;
constexpr int more_tries = 4;      // when it fails though the container runs
constexpr auto last_patience = 5s; // when the process ends

class ender {
public:
  ~ender() {
    {
      const std::scoped_lock lock{mutex_};
      closing_ = true;
      give_up_ = clock::now() + last_patience;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void add(exec_to_end what) {
    const std::scoped_lock lock{mutex_};
    const auto now = clock::now();
    jobs_.push_back({std::move(what), now, now + patience, first_pause, more_tries});
    if (!thread_.joinable()) thread_ = std::thread{[this] { serve(); }};
    changed_.notify_all();
  }

private:
  struct job {
    exec_to_end what;
    clock::time_point due, until;
    std::chrono::milliseconds pause{};
    int tries_left = more_tries;
  };

  void serve() {
    std::unique_lock lock{mutex_};
    while (!jobs_.empty() || !closing_) {
      const auto now = clock::now();
      if (closing_ && now >= give_up_) return;
      const auto next = std::ranges::min_element(jobs_, {}, &job::due);
      if (next == jobs_.end()) {
        changed_.wait(lock);
        continue;
      }
      if (next->due > now && !closing_) {
        changed_.wait_until(lock, next->due);
        continue;
      }
      auto work = std::move(*next);
      jobs_.erase(next);
      lock.unlock();
      const bool again = !carry_out(work);
      lock.lock();
      if (again && !closing_) jobs_.push_back(std::move(work));
    }
  }

  // False when it is to be tried again.
  static bool carry_out(job& work) {
    engine docker{work.what.where, docker_deadline};
    const auto failed = signal_marked(docker, work.what.container, work.what.mark, work.what.user, work.what.signal);
    if (!failed) return true;
    const auto node = docker.inspect(work.what.container);
    if (node ? !node->running : node.error() == ec::node_not_found) return true; // it has ended with its node
    const bool passes = !node || node->paused;
    const auto now = clock::now();
    if (now < work.until && (passes || work.tries_left-- > 0)) {
      work.due = now + work.pause;
      work.pause = std::min<std::chrono::milliseconds>(work.pause * 2, longest_pause);
      return false;
    }
    spdlog::warn("docker: a program in {} cannot be ended: {}", work.what.container, message_of(failed));
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> jobs_;
  bool closing_ = false;
  clock::time_point give_up_{};
  std::thread thread_;
};

} // namespace

void end_soon(exec_to_end what) {
  static ender one;
  one.add(std::move(what));
}

} // namespace stibium::docker
