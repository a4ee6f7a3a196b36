#pragma once

#include "transport/io/first_failure.hpp"
#include "transport/io/socket_batch.hpp"
#include "transport/web/websocket.hpp"

#include <boost/asio/io_context.hpp>

#include <vector>

namespace stibium::web {

/// Reads from the WebSockets of one io thread, many with one system call: once per turn of the loop, all that were
/// found ready.
class intake {
public:
  /// Reads by way of `batch`, which is empty whenever nothing of this class is running.
  intake(boost::asio::io_context& context, io::socket_batch& batch);

  /// There may be something to read.
  void mark(websocket& what);

  /// Reads from all that are marked, also when one of them throws; then throws that. Happens soon by itself, too.
  void run();

private:
  void read_staged();

  boost::asio::io_context& context_;
  io::socket_batch& batch_;
  std::vector<websocket_ptr> marked_, now_, staged_;
  io::first_failure failed_;
};

} // namespace stibium::web
