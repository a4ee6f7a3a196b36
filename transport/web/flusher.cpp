#include "transport/web/flusher.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>

namespace stibium::web {

namespace {

using namespace std::chrono_literals;

// Sessions written to in one go; between two goes others get their turn, acks above all.
constexpr size_t sessions_per_go = io::socket_batch::room;
// A flush that took less than this is no load.
constexpr auto light_work = 100us;
// After a flush, as parts of the time that it took: what comes within the first waits for it to end; what comes within
// the second waits for more that is on its way in already.
constexpr int rest_part = 16, gathering_part = 2;
constexpr auto longest_rest = 3ms;

} // namespace

flusher::flusher(boost::asio::io_context& context, io::socket_batch& batch)
    : context_(context)
    , timer_(context)
    , batch_(batch) {
  staged_.reserve(io::socket_batch::room);
}

void flusher::mark(engine_session& what, bool urgent) {
  if (stopped_) return;
  if (urgent && !what.urgent_) {
    what.urgent_ = what.marked_ = true;
    urgent_.emplace_back(&what);
    return wake();
  }
  ++arrivals_;
  if (what.marked_) return;
  what.marked_ = true;
  unhurried_.emplace_back(&what);
  if (!timed_) wake();
}

void flusher::doom(engine_session& what) {
  doomed_.emplace_back(&what);
  wake();
}

void flusher::wake() {
  if (posted_ || stopped_) return;
  posted_ = true;
  boost::asio::post(context_, [this] {
    posted_ = false;
    run();
  });
}

void flusher::run() {
  if (stopped_) return;
  for (auto& session : std::exchange(doomed_, {})) session->finish(close_cause::slow_client);
  std::vector<session_ptr> now;
  now.swap(urgent_);
  write(now);
  now.clear();
  if (urgent_.empty()) urgent_.swap(now); // keeps its memory
  run_unhurried();
  failed_.rethrow();
}

void flusher::run_unhurried() {
  if (under_way_.empty()) {
    if (unhurried_.empty() || timed_) return;
    auto now = clock::now();
    if (now < not_before_) return rest();
    if (arrivals_ != seen_ && now < gather_until_) {
      seen_ = arrivals_;
      return wake(); // after another look at all sockets
    }
    under_way_.swap(unhurried_);
    next_ = 0;
    spent_ = {};
  }
  auto begun = clock::now();
  auto end = std::min(under_way_.size(), next_ + sessions_per_go);
  write({under_way_.data() + next_, end - next_});
  next_ = end;
  auto now = clock::now();
  spent_ += now - begun;
  if (next_ < under_way_.size()) return wake();
  under_way_.clear();
  const bool loaded = spent_ >= light_work;
  auto after = [&](int part) { return now + std::min<clock::duration>(spent_ / part, longest_rest); };
  not_before_ = loaded ? after(rest_part) : clock::time_point{};
  gather_until_ = loaded ? after(gathering_part) : clock::time_point{};
  if (!unhurried_.empty()) wake();
}

void flusher::write(std::span<const session_ptr> sessions) {
  for (auto& session : sessions) {
    if (!session->marked_) continue; // went out with something urgent
    session->marked_ = session->urgent_ = false;
    if (auto* socket = session->socket()) {
      if (socket->stage_write(batch_)) staged_.emplace_back(socket);
      if (batch_.full()) write_staged();
    } else {
      write_staged(); // what is staged must not change, and this may write to anyone
      failed_.guard([&] { session->flush(); });
    }
  }
  write_staged();
}

void flusher::write_staged() {
  if (staged_.empty()) return;
  std::array<bool, io::socket_batch::room> taken;
  auto results = batch_.submit();
  for (size_t i = 0; i < results.size(); ++i) taken[i] = staged_[i]->sent(results[i]);
  // The owners hear of it when all queues are in order, since they may add to any of them.
  for (size_t i = 0; i < staged_.size(); ++i) {
    failed_.guard([&] {
      if (taken[i]) staged_[i]->after_write();
      staged_[i]->flush(); // what the first send had no room for
    });
  }
  staged_.clear();
}

void flusher::rest() {
  timed_ = true;
  timer_.expires_at(not_before_);
  timer_.async_wait([this](const boost::system::error_code& failed) {
    timed_ = false;
    if (!failed) run();
  });
}

void flusher::stop() {
  stopped_ = true;
  timer_.cancel();
  for (auto* list : {&urgent_, &unhurried_, &under_way_, &doomed_}) list->clear();
}

} // namespace stibium::web
