#include "transport/io/watchdog.hpp"

namespace stibium::io {

watchdog::watchdog(std::vector<const io_thread*> threads, std::shared_ptr<const census> people,
                   std::chrono::milliseconds limit, report to)
    : people_(std::move(people))
    , limit_(limit)
    , report_(std::move(to)) {
  for (auto* thread : threads) threads_.push_back({thread});
  thread_ = std::thread([this] { run(); });
}

watchdog::~watchdog() {
  {
    std::lock_guard lock{mutex_};
    over_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void watchdog::run() {
  for (std::unique_lock lock{mutex_}; !wake_.wait_for(lock, limit_, [this] { return over_; });) {
    lock.unlock();
    for (auto& each : threads_) look(each);
    lock.lock();
  }
}

void watchdog::look(watched& at) {
  const auto now = at.thread->current();
  const bool long_turn = now.actor != 0 && now.number == at.seen;
  at.seen = now.number;
  if (!long_turn || at.reported == now.number) return;
  at.reported = now.number;
  report_(name_of(now.actor));
}

std::string watchdog::name_of(caf::actor_id actor) const {
  std::string name = "an actor";
  for (const auto& each : people_->all())
    if (each.id == actor) name = each.birth.kind + (each.birth.name.empty() ? "" : " " + each.birth.name);
  return name + " (" + std::to_string(actor) + ")";
}

} // namespace stibium::io
