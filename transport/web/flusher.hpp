#pragma once

#include "transport/web/engine_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <vector>

namespace stibium::web {

/// Decides when the sessions of one io thread write what they have queued: once per turn of the loop, after all sockets
/// that were ready have been read. What is not urgent waits, under load, about as long as writing it took the last
/// time, so that several lines share one system call; when there is no load it goes out at once.
class flusher {
public:
  explicit flusher(boost::asio::io_context& context);

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
  void rest(clock::time_point now);

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  std::vector<session_ptr> urgent_, unhurried_, under_way_, doomed_;
  size_t next_ = 0;         ///< of those under way
  clock::duration spent_{}; ///< on those under way
  clock::time_point not_before_{};
  bool posted_ = false, timed_ = false, stopped_ = false;
};

} // namespace stibium::web
