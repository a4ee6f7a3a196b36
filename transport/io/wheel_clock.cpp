#include "transport/io/wheel_clock.hpp"

namespace stibium::io {

wheel_clock::wheel_clock(boost::asio::io_context& context, std::chrono::milliseconds slot)
    : timer_(context)
    , wheel_(slot, clock::now()) {}

void wheel_clock::arm_at(deadline& what, clock::time_point due) {
  if (stopped_) return what.disarm();
  if (!ticking_) {
    auto now = clock::now();
    wheel_.advance(now); // it has stood still
    schedule(now);
  }
  wheel_.arm(what, due);
}

void wheel_clock::schedule(clock::time_point now) {
  ticking_ = true;
  timer_.expires_at(now + wheel_.slot());
  timer_.async_wait([this](const boost::system::error_code& failed) {
    if (failed || stopped_) return;
    auto woken = clock::now();
    wheel_.advance(woken);
    ticking_ = wheel_.size() > 0;
    if (ticking_) schedule(woken);
  });
}

void wheel_clock::stop() {
  stopped_ = true;
  timer_.cancel();
}

} // namespace stibium::io
