#include "transport/runtime/docker/exec_ending.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/exec_mark.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <system_error>

namespace stibium::docker {

namespace {

using namespace std::chrono_literals;

constexpr auto docker_deadline = 5s;
constexpr auto first_pause = 500ms, longest_pause = 30'000ms;
constexpr auto patience = 1h;
constexpr int more_tries = 4;      // when it fails though the container runs
constexpr auto last_patience = 5s; // when the process ends

// When the process ends there is no logger any more.
void complain(const std::string& text) {
  if (auto* logger = spdlog::default_logger_raw())
    logger->warn("{}", text);
  else
    std::fprintf(stderr, "%s\n", text.c_str());
}

void give_up(const exec_to_end& what, const std::string& why) {
  complain("docker: a program in " + what.container + " cannot be ended: " + why);
}

} // namespace

exec_ender::~exec_ender() {
  {
    const std::scoped_lock lock{mutex_};
    closing_ = true;
    give_up_ = clock::now() + last_patience;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const auto& each : jobs_) give_up(each.what, "the service ends");
}

void exec_ender::add(exec_to_end what) {
  const std::scoped_lock lock{mutex_};
  if (std::ranges::any_of(jobs_, [&](const job& each) { return each.what == what; })) return;
  if (jobs_.size() >= max_waiting) {
    give_up(jobs_.front().what, "too many wait");
    jobs_.pop_front();
  }
  const auto now = clock::now();
  jobs_.push_back({std::move(what), now, now + patience, first_pause, more_tries});
  try {
    if (!thread_.joinable()) thread_ = std::thread{[this] { serve(); }};
  } catch (const std::system_error& error) { // no more threads; the next one who asks tries again
    complain(std::string{"docker: programs in containers are not ended for now: "} + error.what());
  }
  changed_.notify_all();
}

size_t exec_ender::waiting() const {
  const std::scoped_lock lock{mutex_};
  return jobs_.size();
}

void exec_ender::serve() {
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
    if (!again) continue;
    if (closing_)
      give_up(work.what, "the service ends");
    else
      jobs_.push_back(std::move(work));
  }
}

/// False when it is to be tried again.
bool exec_ender::carry_out(job& work) {
  caf::error failed;
  bool passes = true; // Docker is away, or the container is paused: that will pass
  try {
    engine docker{work.what.where, docker_deadline};
    failed = signal_marked(docker, work.what.container, work.what.mark, work.what.user, work.what.signal);
    if (!failed) return true;
    const auto node = docker.inspect(work.what.container);
    if (node ? !node->running : node.error() == ec::node_not_found) return true; // it has ended with its node
    passes = !node || node->paused;
  } catch (const std::exception& error) { // out of memory: no reason to end the process
    failed = failure(ec::internal, error.what());
  }
  const auto now = clock::now();
  if (now < work.until && (passes || work.tries_left-- > 0)) {
    work.due = now + work.pause;
    work.pause = std::min<std::chrono::milliseconds>(work.pause * 2, longest_pause);
    return false;
  }
  give_up(work.what, message_of(failed));
  return true;
}

void end_soon(exec_to_end what) {
  static exec_ender one;
  one.add(std::move(what));
}

} // namespace stibium::docker
