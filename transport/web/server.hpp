#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/web/client_info.hpp"
#include "transport/web/counters.hpp"
#include "transport/web/engine_options.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stibium::io {
class io_thread;
}

namespace stibium::web {

class session_sink;
class shard;

/// Makes the session actor of a new connection; called on an io thread, whose execution unit is `home`. Must not block.
using session_factory = std::function<session_actor(gateway_actor gateway, connection_id connection, client_info client,
                                                    caf::execution_unit* home)>;

/// All that a server needs to know.
struct server_options : engine_options {
  uint64_t parent = 0;  ///< CAF id of the actor that looks after the gateways
  bool recovery = true; ///< offer connection state recovery to those clients that take part in it
  session_factory make_session;
  /// When set, the server speaks Engine.IO only: this makes what handles its sessions, one per io thread, and
  /// `make_session` is not used.
  std::function<std::unique_ptr<session_sink>()> make_engine_sink;
};

/// The web side of the service: an acceptor and a gateway per io thread, all on one port.
///
/// Made, started and shut down by one thread, which is none of the io threads. The io threads must run, and must be
/// stopped only after `shutdown` has returned and before the server is destroyed.
class server {
public:
  server(nursery births, std::vector<io::io_thread*> threads, server_options options);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Binds and begins to serve. Returns why it can not ("cannot listen on 127.0.0.1:80: Permission denied"), or nothing
  /// when it serves.
  std::optional<std::string> start();

  /// The port that it serves on; 0 before `start`.
  uint16_t port() const { return port_; }

  /// Stops accepting, tells every client (who may then come back elsewhere: no namespace is left), sends what is queued
  /// and closes. Returns when all is closed, at the latest after `deadline`; what is still open then is cut off.
  /// Requests at the HTTP handler are answered or cut off likewise. No effect the second time.
  void shutdown(std::chrono::milliseconds deadline);

  /// What has happened so far; read from any thread.
  const counters& counted() const { return *counters_; }

  /// The gateways, one per io thread; empty in the Engine.IO-only mode.
  const std::vector<gateway_actor>& gateways() const { return gateways_; }

private:
  void end_gateways();

  nursery births_;
  std::vector<io::io_thread*> threads_;
  std::shared_ptr<const server_options> options_;
  std::unique_ptr<counters> counters_;
  std::vector<std::unique_ptr<session_sink>> sinks_;
  std::vector<std::unique_ptr<shard>> shards_;
  std::vector<gateway_actor> gateways_;
  uint16_t port_ = 0;
};

} // namespace stibium::web
