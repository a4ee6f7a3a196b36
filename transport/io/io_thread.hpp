#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <caf/execution_unit.hpp>
#include <caf/fwd.hpp>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace stibium::io {

/// A thread that runs one Asio loop and the actors pinned to it, so that bytes read, the actors they concern and the
/// bytes written in answer share one turn of the loop. The one place where CAF meets Asio.
///
/// Must outlive the actors pinned to it: end them all, then destroy it.
class io_thread final : public caf::execution_unit {
public:
  /// Makes the loop; nothing runs before `start`.
  explicit io_thread(caf::actor_system& system);
  ~io_thread() override;
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  /// Starts the thread.
  void start();

  /// Ends the loop and joins the thread. Actors still pinned here never run again.
  void stop();

  /// The loop. Objects on it are only touched from its thread.
  boost::asio::io_context& context() { return context_; }

  /// Runs `job` on this thread soon when it is a pinned actor, hands it to the shared scheduler when it is not. May be
  /// called from any thread; takes over one reference to `job`.
  void exec_later(caf::resumable* job) override;

  /// Whether the caller runs on this thread.
  bool here() const;

  /// A turn of an actor on this thread; no two have the same number.
  struct turn {
    uint64_t number = 0;
    caf::actor_id actor = 0; ///< 0: no actor has its turn
  };
  /// The turn that goes on now. From any thread.
  turn current() const;

private:
  void drain();
  void run_one(caf::resumable* job);

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;

  std::deque<caf::resumable*> local_; // this thread's alone
  bool drain_posted_ = false;

  std::atomic<uint64_t> turns_{0}; // odd while one goes on
  std::atomic<caf::actor_id> whose_{0};

  std::mutex mutex_;
  std::vector<caf::resumable*> remote_; // from other threads; under mutex_
};

} // namespace stibium::io
