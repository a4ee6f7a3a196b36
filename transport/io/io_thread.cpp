#include "transport/io/io_thread.hpp"

#include <boost/asio/post.hpp>
#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <spdlog/spdlog.h>

namespace stibium::io {

namespace {

// Messages that an actor handles before the next one gets its turn.
constexpr size_t messages_per_turn = 100;

thread_local const io_thread* running_here = nullptr;

} // namespace

io_thread::io_thread(caf::actor_system& system)
    : caf::execution_unit(&system)
    , work_(boost::asio::make_work_guard(context_)) {}

io_thread::~io_thread() {
  stop();
  for (auto* job : local_) caf::intrusive_ptr_release(job);
  for (auto* job : remote_) caf::intrusive_ptr_release(job);
}

void io_thread::start() {
  thread_ = std::thread([this] {
    running_here = this;
    for (bool over = false; !over;) {
      try {
        context_.run();
        over = true;
      } catch (const std::exception& error) { // one connection's trouble is not everyone's
        spdlog::error("io thread: a handler threw: {}", error.what());
      }
    }
  });
}

void io_thread::stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

bool io_thread::here() const { return running_here == this; }

void io_thread::exec_later(caf::resumable* job) {
  if (job->subtype() != caf::resumable::io_actor) {
    system().scheduler().enqueue(job);
    return;
  }
  if (here()) {
    local_.push_back(job);
    if (!drain_posted_) {
      drain_posted_ = true;
      boost::asio::post(context_, [this] { drain(); });
    }
    return;
  }
  bool first = false;
  {
    std::lock_guard lock{mutex_};
    first = remote_.empty();
    remote_.push_back(job);
  }
  if (!first) return; // the wake-up under way fetches this one too
  boost::asio::post(context_, [this] {
    std::vector<caf::resumable*> arrived;
    {
      std::lock_guard lock{mutex_};
      arrived.swap(remote_);
    }
    local_.insert(local_.end(), arrived.begin(), arrived.end());
    if (!drain_posted_) drain();
  });
}

void io_thread::drain() {
  // Actors that wake each other are run until all is quiet, but sockets get their turn after each round of as many jobs
  // as were waiting.
  drain_posted_ = true;
  for (auto rounds = local_.size() + 64; rounds > 0 && !local_.empty(); --rounds) {
    auto* job = local_.front();
    local_.pop_front();
    run_one(job);
  }
  drain_posted_ = !local_.empty();
  if (drain_posted_) boost::asio::post(context_, [this] { drain(); });
}

io_thread::turn io_thread::current() const {
  // Numbers are read around the name: a turn that ends meanwhile is none.
  const auto number = turns_.load(std::memory_order_acquire);
  const auto actor = whose_.load(std::memory_order_acquire);
  const bool goes_on = number % 2 == 1 && turns_.load(std::memory_order_acquire) == number;
  return {number, goes_on ? actor : 0};
}

void io_thread::run_one(caf::resumable* job) {
  // A thread that has spawned an actor has CAF's logger, which notes each turn even when it is off.
  caf::logger::set_current_actor_system(nullptr);
  whose_.store(static_cast<caf::scheduled_actor*>(job)->id(), std::memory_order_relaxed);
  const auto number = turns_.load(std::memory_order_relaxed) + 1;
  turns_.store(number, std::memory_order_release);
  const auto result = job->resume(this, messages_per_turn);
  turns_.store(number + 1, std::memory_order_release);
  switch (result) {
  case caf::resumable::resume_later: local_.push_back(job); break;
  case caf::resumable::done:
  case caf::resumable::awaiting_message:
  case caf::resumable::shutdown_execution_unit: caf::intrusive_ptr_release(job); break;
  }
}

} // namespace stibium::io
