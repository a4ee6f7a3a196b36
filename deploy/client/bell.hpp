#pragma once

#include "deploy/client/http.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace stibium::client {

/// Lets coroutines of one thread wait until something has happened.
class bell {
public:
  explicit bell(const boost::asio::any_io_executor& on)
      : timer_{on, boost::asio::steady_timer::time_point::max()} {}

  /// It has happened: all who wait go on, later ones do not wait.
  void ring() {
    rung_ = true;
    timer_.cancel();
  }

  bool rung() const { return rung_; }

  /// Waits until it has rung.
  task<> wait() {
    boost::system::error_code ignored;
    while (!rung_) co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }

  /// Waits until it has rung, at most for `span`. \return whether it has.
  task<bool> wait_for(std::chrono::milliseconds span) {
    using namespace boost::asio::experimental::awaitable_operators;
    boost::system::error_code ignored, late;
    boost::asio::steady_timer limit{timer_.get_executor(), span};
    if (!rung_)
      co_await (timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored)) ||
                limit.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, late)));
    co_return rung_;
  }

private:
  boost::asio::steady_timer timer_;
  bool rung_ = false;
};

} // namespace stibium::client
