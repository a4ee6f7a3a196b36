#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace stibium::web {

/// Acceptors that share one port, one per loop; the kernel spreads connections over them (SO_REUSEPORT).
struct listening {
  std::vector<boost::asio::ip::tcp::acceptor> acceptors;
  uint16_t port = 0;
  std::string trouble; ///< why not, for people; then there are no acceptors
};

/// Listens on an address, or on "localhost" (127.0.0.1). Port 0 is a free one. A port on which another process listens
/// is refused, even when that one would share it.
listening listen(const std::string& host, uint16_t port, const std::vector<boost::asio::io_context*>& loops);

} // namespace stibium::web
