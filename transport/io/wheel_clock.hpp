#pragma once

#include "transport/io/timing_wheel.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace stibium::io {

/// A timing wheel that an Asio loop turns: all deadlines of one io thread hang on its one timer, which rests while none
/// is armed. Used on that thread only.
class wheel_clock {
public:
  using clock = deadline::clock;

  wheel_clock(boost::asio::io_context& context, std::chrono::milliseconds slot);

  /// Arms, or re-arms: the deadline passes `after` from now or up to one slot later.
  void arm(deadline& what, clock::duration after) { arm_at(what, clock::now() + after); }
  /// The same for a moment.
  void arm_at(deadline& what, clock::time_point due);

  /// Stops turning; nothing passes any more.
  void stop();

private:
  void schedule(clock::time_point now);

  boost::asio::steady_timer timer_;
  timing_wheel wheel_;
  bool ticking_ = false, stopped_ = false;
};

} // namespace stibium::io
