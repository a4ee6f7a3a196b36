#pragma once

#include "transport/io/first_failure.hpp"
#include "transport/io/socket_batch.hpp"
#include "transport/web/engine_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <span>
#include <vector>

namespace stibium::web {

/// Decides when the sessions of one io thread write what they have queued: once per turn of the loop, after all sockets
/// that were ready have been read. When there is no load, all goes out at once. Under load, what is not urgent is
/// gathered: writing rests for a small part of the time that it took, and goes on when a look at all sockets has
/// brought nothing more, so that several lines share one system call and none of them waits in vain.
class flusher {
public:
  /// Writes by way of `batch`, which is empty whenever nothing of this class is running.
  flusher(boost::asio::io_context& context, io::socket_batch& batch);

  /// The session has something to send.
  void mark(engine_session& what, bool urgent);

  /// The session is over its hard limit and is to be closed once nobody is in the middle of using it.
  void doom(engine_session& what);

  /// Drops all that is marked.
  void stop();

private:
  using clock = std::chrono::steady_clock;

  void wake();
  void run();
  void run_unhurried();
  void rest();
  void write(std::span<const session_ptr> sessions);
  void write_staged();

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  io::socket_batch& batch_;
  std::vector<websocket_ptr> staged_; ///< what `batch_` is for
  io::first_failure failed_;          ///< one session's trouble is not everyone's
  std::vector<session_ptr> urgent_, unhurried_, under_way_, doomed_;
  size_t next_ = 0;         ///< of those under way
  clock::duration spent_{}; ///< on those under way
  clock::time_point not_before_{}, gather_until_{};
  uint64_t arrivals_ = 0; ///< that were not urgent
  uint64_t seen_ = 0;     ///< of these, when it was last decided to wait for more
  bool posted_ = false, timed_ = false, stopped_ = false;
};

} // namespace stibium::web
