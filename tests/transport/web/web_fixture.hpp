#pragma once

#include "tests/transport/web/loopback_client.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/web/server.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace stibium::tests {

/// What the actors of a test have been told, one line each; filled by any thread.
class record {
public:
  void add(std::string line);
  /// Waits, at most ten seconds, until a line is there; false when it does not come.
  bool has(const std::string& line, size_t times = 1);
  size_t count(const std::string& line);
  std::vector<std::string> all();

private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> lines_;
};

/// A connection as its session actor got it.
struct known_client {
  gateway_actor gateway;
  connection_id connection;
  session_actor session;
  web::client_info info;
};

/// A server on loopback with sessions that write down all they hear: "connect NSP AUTH", "event NSP JSON",
/// "disconnect NSP", "lost REASON". They open every namespace but "/refused" and those that begin with "/stream", with
/// a pid when it begins with "/pid", and ack an event by its array.
class web_fixture {
public:
  web_fixture();
  ~web_fixture();

  /// Starts to serve; may be called once.
  void serve(size_t threads = 1);

  /// The session that was made n-th; waits for it.
  known_client client(size_t n = 0);

  /// A WebSocket client whose session is open.
  loopback_client websocket(int receive_buffer = 0, const std::string& query = {});
  /// The same with a namespace.
  loopback_client connected(const std::string& nsp, int receive_buffer = 0);

  /// An owner of streams that writes down "leave NSP", "congested", "drained".
  stream_owner_actor owner();

  /// Sends entries "1"…, each `size` bytes long, of a stream.
  void publish(stream_id stream, const known_client& to, uint64_t first, size_t count, size_t size = 1);

  uint16_t port() const { return server->port(); }

  /// An io thread of the server's.
  io::io_thread& thread(size_t n = 0);

  web::server_options options;
  record heard;
  std::unique_ptr<web::server> server;

private:
  session_actor make_session(const gateway_actor& gateway, connection_id connection, const web::client_info& info,
                             caf::execution_unit* home);

  struct world;
  std::unique_ptr<world> world_;
};

} // namespace stibium::tests
