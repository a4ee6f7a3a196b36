#pragma once

#include "deploy/client/connection.hpp"

#include <chrono>
#include <functional>

namespace stibium::client {

/// The pauses between attempts to reach a service that has gone: they double up to the longest one. Each is shortened
/// at random, so that many clients do not come back at one moment.
class backoff {
public:
  static constexpr std::chrono::milliseconds first{500}, longest{10000};

  /// The next pause. `chance` is from 0 to 1: the pause is its whole length for 1 and half of it for 0.
  std::chrono::milliseconds next(double chance);

private:
  std::chrono::milliseconds pause_ = first;
};

/// Waits until a namespace has ended (false), or the connection is lost (true). Without `reconnect` a loss is thrown.
task<bool> is_lost(connection& link, std::string nsp, bool reconnect);

/// Says that the connection is lost, then tries `restore` until the service is back. What `restore` throws ends it,
/// except for `unreachable`. `restore` is a variable of the caller's, as for `connection::join`.
task<> come_back(const std::function<task<>()>& restore);

} // namespace stibium::client
