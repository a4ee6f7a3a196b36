#pragma once

#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace stibium::io {

/// Looks at io threads from a thread of its own, and reports an actor that holds one for so long that everybody else on
/// it waits. Costs the io threads nothing but a note of who has its turn.
class watchdog {
public:
  /// Called on the watchdog's thread, once for each turn that takes too long. `who` is the actor as in the census: "lab
  /// ping (12)".
  using report = std::function<void(const std::string& who)>;

  /// `threads` must outlive it. A turn is reported when it is found to go on after `limit`, at the latest after twice
  /// that.
  watchdog(std::vector<const io_thread*> threads, std::shared_ptr<const census> people, std::chrono::milliseconds limit,
           report to);
  /// Waits for a report under way.
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

private:
  struct watched {
    const io_thread* thread;
    uint64_t seen = 0, reported = 0; ///< turns
  };

  void run();
  void look(watched& at);
  std::string name_of(caf::actor_id actor) const;

  std::vector<watched> threads_;
  std::shared_ptr<const census> people_;
  std::chrono::milliseconds limit_;
  report report_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false; ///< under mutex_
  std::thread thread_;
};

} // namespace stibium::io
