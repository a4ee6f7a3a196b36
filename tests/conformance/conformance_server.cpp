// The product's own transport with the smallest thing on top, for the official protocol test suites: with
// `--path /engine.io/` it echoes Engine.IO messages, with any other path it is the Socket.IO server that the suite
// wants.

#include "protocol/socketio/json.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/web/engine_session.hpp"
#include "transport/web/server.hpp"

#include <CLI/CLI.hpp>
#include <caf/all.hpp>

#include <csignal>
#include <iostream>

using namespace stibium;
using namespace std::chrono_literals;

namespace {

/// Sends every message back.
struct echo final : web::session_sink {
  void opened(web::engine_session&, web::client_info) override {}
  void text(web::engine_session& on, std::string_view message) override { on.send_text("4" + std::string{message}); }
  void binary(web::engine_session& on, std::string_view message) override { on.send_binary(message); }
  void relieved(web::engine_session&) override {}
  void closed(web::engine_session&, web::close_cause) override {}
};

/// Two namespaces, `/` and `/custom`; each new socket gets its handshake auth, messages are sent back or acked.
struct mirror_state {
  static constexpr const char* name = "mirror";
  explicit mirror_state(session_actor::pointer self)
      : self{self} {}

  void connect(const client_connect& request) {
    if (request.nsp != "/" && request.nsp != "/custom")
      return self->send(gateway, refuse_namespace{connection, request.nsp, "Invalid namespace", 0, {}});
    auto sid = std::to_string(connection.value) + "-" + std::to_string(++sockets);
    self->send(gateway, open_namespace{connection, request.nsp, sid, {}, {}});
    self->send(gateway, emit_event{{connection}, request.nsp, "auth", request.auth.empty() ? "{}" : request.auth, {}});
  }

  void event(const client_event& what) {
    auto parts = socketio::split_event(what.json);
    if (!parts) return;
    std::string arguments{parts->arguments};
    if (parts->name == "message")
      self->send(gateway, emit_event{{connection}, what.nsp, "message-back", arguments, {}, what.attachments});
    else if (parts->name == "message-with-ack" && what.ack)
      self->send(gateway, reply{connection, what.nsp, *what.ack, arguments, what.attachments});
  }

  session_actor::pointer self;
  gateway_actor gateway;
  connection_id connection;
  size_t sockets = 0;
};

session_actor::behavior_type mirror(session_actor::stateful_pointer<mirror_state> self, gateway_actor gateway,
                                    connection_id connection) {
  self->state.gateway = std::move(gateway);
  self->state.connection = connection;
  return {[self](const client_connect& request) { self->state.connect(request); },
          [self](const client_event& what) { self->state.event(what); }, [](const client_disconnect&) {},
          [self](const connection_lost&) { self->quit(); }};
}

web::server_options options_for(const nursery& births, const std::string& path, uint16_t port) {
  web::server_options options;
  options.port = port;
  options.path = path;
  options.ping_interval = 300ms;
  options.ping_timeout = 200ms;
  options.connect_timeout = 1000ms;
  options.max_payload = 1000000;
  options.cors_origins = {"*"};
  if (path == "/engine.io/") options.make_engine_sink = [] { return std::make_unique<echo>(); };
  options.make_session = [births](gateway_actor gateway, connection_id connection, web::client_info,
                                  caf::execution_unit* home) {
    return spawn(births, placement::on(home), {"session", std::to_string(connection.value), {}, gateway.id()}, mirror,
                 std::move(gateway), connection);
  };
  return options;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A bare server for the Engine.IO and Socket.IO protocol test suites"};
  std::string path = "/socket.io/";
  uint16_t port = 3000;
  size_t count = 1;
  app.add_option("--path", path, "/engine.io/ echoes Engine.IO messages, any other path speaks Socket.IO");
  app.add_option("--port", port, "port on 127.0.0.1, 0 for a free one");
  app.add_option("--threads", count, "io threads");
  CLI11_PARSE(app, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
  caf::actor_system system{config};
  std::vector<std::unique_ptr<io::io_thread>> owned;
  std::vector<io::io_thread*> threads;
  nursery births;
  births.system = &system;
  for (size_t i = 0; i < count; ++i) {
    threads.push_back(owned.emplace_back(std::make_unique<io::io_thread>(system)).get());
    births.homes.push_back(threads.back());
    threads.back()->start();
  }
  web::server server{births, threads, options_for(births, path, port)};
  if (auto trouble = server.start()) {
    std::cerr << *trouble << '\n';
    return 1;
  }
  std::cout << "listening on 127.0.0.1:" << server.port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server.shutdown(5s);
  system.await_all_actors_done();
  return 0;
}
