#pragma once

#include "transport/io/first_failure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <sys/epoll.h>

namespace stibium::io {

/// Hears when its descriptor becomes ready. Called on the poller's thread.
class pollable {
public:
  /// `events` are epoll's: `EPOLLIN`, `EPOLLOUT`, `EPOLLRDHUP`, `EPOLLHUP`, `EPOLLERR`. Each is told once, when it
  /// begins (edge-triggered): read until a read comes back short, write until a write would block.
  virtual void on_ready(uint32_t events) = 0;

protected:
  ~pollable() = default;
};

/// Watches many descriptors of one io thread: an epoll instance of its own, which the loop watches as a whole.
///
/// For connections that exchange many small messages. Asio begins each read by trying it, which for them is a system
/// call per message that finds nothing, and queues each operation: together a tenth of the work that an acknowledged
/// request costs.
class poller {
public:
  /// `all_told`, if there is one, is called when all that was found ready at once has been told. Throws
  /// `std::system_error` where the system has no descriptors left.
  explicit poller(boost::asio::io_context& context, std::function<void()> all_told = {});
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  /// Watches `descriptor`, which is `what`'s and non-blocking or only used without blocking. What is ready already is
  /// told soon, never from here. False where the system refuses, which has a limit for all that a user watches.
  bool watch(int descriptor, pollable& what);

  /// Stops that, before the descriptor is closed; `what` hears nothing more.
  void forget(int descriptor, pollable& what);

private:
  static constexpr int at_once = 64;

  void await();
  void run();

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor epoll_;
  std::function<void()> all_told_;
  first_failure failed_; ///< what one of those watched throws costs no other its news
  std::array<epoll_event, at_once> events_;
  int told_ = 0, fetched_ = 0;
};

} // namespace stibium::io
