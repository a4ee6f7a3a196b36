#include "transport/web/listener.hpp"

#include <sys/socket.h>

namespace stibium::web {

namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int backlog = 4096;

tcp::acceptor bind(boost::asio::io_context& loop, const tcp::endpoint& where, bool first, error_code& failed) {
  tcp::acceptor acceptor{loop};
  if (acceptor.open(where.protocol(), failed)) return acceptor;
  if (acceptor.set_option(tcp::acceptor::reuse_address{true}, failed)) return acceptor;
  // The first one binds alone, so that a port in use is noticed, and shares the port from then on.
  if (!first && acceptor.set_option(reuse_port{true}, failed)) return acceptor;
  if (acceptor.bind(where, failed)) return acceptor;
  if (first && acceptor.set_option(reuse_port{true}, failed)) return acceptor;
  acceptor.listen(backlog, failed);
  return acceptor;
}

} // namespace

listening listen(const std::string& host, uint16_t port, const std::vector<boost::asio::io_context*>& loops) {
  listening result;
  error_code failed;
  auto address = boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, failed);
  auto where = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (failed) {
    result.trouble =
        "cannot listen on " + where + ": not an address; names are not looked up (0.0.0.0 is every address)";
    return result;
  }
  tcp::endpoint endpoint{address, port};
  for (auto* loop : loops) {
    result.acceptors.push_back(bind(*loop, endpoint, result.acceptors.empty(), failed));
    if (!failed && endpoint.port() == 0) endpoint.port(result.acceptors.back().local_endpoint(failed).port());
    if (!failed) continue;
    result.acceptors.clear();
    result.trouble = "cannot listen on " + where + ":" + std::to_string(port) + ": " + failed.message();
    return result;
  }
  result.port = endpoint.port();
  return result;
}

} // namespace stibium::web
