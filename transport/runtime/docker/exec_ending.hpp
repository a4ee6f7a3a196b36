#pragma once

#include "transport/runtime/docker/endpoint.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace stibium::docker {

/// An exec whose programs have to end.
struct exec_to_end {
  endpoint where;
  std::string container, mark, user;
  std::string signal; ///< "HUP", "KILL"
  bool operator==(const exec_to_end&) const = default;
};

/// Has programs in containers signalled, one after the other, on a thread of its own. A thread and no actor, because
/// terminals need it last of all: they are torn down with the actors, after the runtime, when no message is delivered
/// any more. What fails while the container is paused or Docker is away is tried again, up to an hour; what is given up
/// is logged. Any thread; only the destructor blocks.
class exec_ender {
public:
  /// That many wait; then the one that has waited longest is given up.
  static constexpr size_t max_waiting = 4096;

  exec_ender() = default;
  exec_ender(const exec_ender&) = delete;
  exec_ender& operator=(const exec_ender&) = delete;
  /// Tries each that waits once more, as far as 5 s suffice, and ends the thread; a Docker that hangs can hold that up
  /// for 20 s more.
  ~exec_ender();

  /// Asks for it; what waits already is not asked for twice.
  void add(exec_to_end what);
  /// How many wait.
  size_t waiting() const;

private:
  using clock = std::chrono::steady_clock;
  struct job {
    exec_to_end what;
    clock::time_point due, until;
    std::chrono::milliseconds pause{};
    int tries_left = 0;
  };

  void serve();
  static bool carry_out(job& work);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> jobs_; ///< in the order in which they came
  bool closing_ = false;
  clock::time_point give_up_{};
  std::thread thread_;
};

/// Has it signalled soon by the process's own `exec_ender`, which lives until the process ends. Any thread; does not
/// block.
void end_soon(exec_to_end what);

} // namespace stibium::docker
