#include "deploy/client/reconnect.hpp"

#include "deploy/client/failure.hpp"
#include "deploy/client/terminal.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <random>

namespace stibium::client {

std::chrono::milliseconds backoff::next(double chance) {
  const auto span = pause_;
  pause_ = std::min(pause_ * 2, longest);
  return std::chrono::duration_cast<std::chrono::milliseconds>(span * (0.5 + chance / 2));
}

task<bool> is_lost(connection& link, std::string nsp, bool reconnect) {
  try {
    co_await link.ended(nsp);
    co_return false;
  } catch (const unreachable&) {
    if (!reconnect) throw;
  }
  co_return true;
}

task<> come_back(const std::function<task<>()>& restore) {
  tell("stibium: connection lost, trying again...");
  boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor};
  std::mt19937 dice{std::random_device{}()};
  std::uniform_real_distribution<> chance;
  backoff pauses;
  for (;;) {
    timer.expires_after(pauses.next(chance(dice)));
    co_await timer.async_wait(boost::asio::use_awaitable);
    try {
      co_await restore();
      co_return;
    } catch (const unreachable&) {
      // It is still away.
    }
  }
}

} // namespace stibium::client
