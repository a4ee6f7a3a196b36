#include "tests/transport/web/web_fixture.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace stibium::tests {

using namespace std::chrono_literals;

void record::add(std::string line) {
  std::lock_guard lock{mutex_};
  lines_.push_back(std::move(line));
  more_.notify_all();
}

bool record::has(const std::string& line, size_t times) {
  std::unique_lock lock{mutex_};
  return more_.wait_for(lock, 10s,
                        [&] { return static_cast<size_t>(std::count(lines_.begin(), lines_.end(), line)) >= times; });
}

size_t record::count(const std::string& line) {
  std::lock_guard lock{mutex_};
  return static_cast<size_t>(std::count(lines_.begin(), lines_.end(), line));
}

std::vector<std::string> record::all() {
  std::lock_guard lock{mutex_};
  return lines_;
}

namespace {

struct scribe_state {
  static constexpr const char* name = "scribe";
  explicit scribe_state(session_actor::pointer self)
      : self{self} {}
  session_actor::pointer self;
};

session_actor::behavior_type scribe(session_actor::stateful_pointer<scribe_state> self, record* heard,
                                    gateway_actor gateway, connection_id connection) {
  auto open = [=](const std::string& nsp) {
    if (nsp == "/refused") return self->send(gateway, refuse_namespace{connection, nsp, "No Access", 5403, "not you"});
    if (nsp.starts_with("/stream")) return;
    self->send(gateway, open_namespace{connection, nsp, "sid", nsp.starts_with("/pid") ? "pid" : "", {}});
  };
  return {[=](const client_connect& what) {
            heard->add("connect " + what.nsp + " " + what.auth);
            open(what.nsp);
          },
          [=](const client_event& what) {
            heard->add("event " + what.nsp + " " + what.json);
            if (what.json == "[\"die\"]") throw std::runtime_error("as asked");
            if (what.ack) self->send(gateway, reply{connection, what.nsp, *what.ack, what.json, what.attachments});
          },
          [=](const client_disconnect& what) { heard->add("disconnect " + what.nsp); },
          [=](const connection_lost& what) {
            heard->add("lost " + what.reason);
            self->quit();
          }};
}

struct owner_state {
  static constexpr const char* name = "owner";
  explicit owner_state(stream_owner_actor::pointer self)
      : self{self} {}
  stream_owner_actor::pointer self;
};

stream_owner_actor::behavior_type note_all(stream_owner_actor::stateful_pointer<owner_state>, record* heard) {
  return {[=](const leave_stream& what) { heard->add("leave " + what.nsp); },
          [=](atom::congested, connection_id) { heard->add("congested"); },
          [=](atom::drained, connection_id) { heard->add("drained"); }};
}

caf::actor_system_config& config() {
  static caf::actor_system_config cfg;
  cfg.set("scheduler.policy", caf::atom("sharing"));
  return cfg;
}

} // namespace

struct web_fixture::world {
  caf::actor_system system{config()};
  std::vector<std::unique_ptr<io::io_thread>> threads;
  nursery births;
  std::mutex mutex;
  std::condition_variable more;
  std::vector<known_client> clients;
  std::vector<stream_owner_actor> owners;
};

web_fixture::web_fixture()
    : world_(std::make_unique<world>()) {
  world_->births.system = &world_->system;
  options.make_session = [this](gateway_actor gateway, connection_id connection, web::client_info info,
                                caf::execution_unit* home) { return make_session(gateway, connection, info, home); };
}

web_fixture::~web_fixture() {
  server.reset();
  for (auto& owner : world_->owners) caf::anon_send_exit(owner, caf::exit_reason::user_shutdown);
  world_->owners.clear();
  world_->clients.clear();
  world_->system.await_all_actors_done();
}

void web_fixture::serve(size_t threads) {
  std::vector<io::io_thread*> where;
  for (size_t i = 0; i < threads; ++i) {
    auto& thread = world_->threads.emplace_back(std::make_unique<io::io_thread>(world_->system));
    world_->births.homes.push_back(thread.get());
    where.push_back(thread.get());
    thread->start();
  }
  server = std::make_unique<web::server>(world_->births, where, options);
  if (auto trouble = server->start()) throw std::runtime_error(*trouble);
}

session_actor web_fixture::make_session(const gateway_actor& gateway, connection_id connection,
                                        const web::client_info& info, caf::execution_unit* home) {
  auto session = spawn(world_->births, placement::on(home), {"session", {}, {}, gateway.id()}, scribe, &heard, gateway,
                       connection);
  std::lock_guard lock{world_->mutex};
  world_->clients.push_back({gateway, connection, session, info});
  world_->more.notify_all();
  return session;
}

known_client web_fixture::client(size_t n) {
  std::unique_lock lock{world_->mutex};
  if (!world_->more.wait_for(lock, 10s, [&] { return world_->clients.size() > n; }))
    throw std::runtime_error("no such client");
  return world_->clients[n];
}

loopback_client web_fixture::websocket(int receive_buffer, const std::string& query) {
  loopback_client client{port(), receive_buffer};
  if (status_of(client.upgrade("/socket.io/?EIO=4&transport=websocket" + query)) != 101)
    throw std::runtime_error("no upgrade");
  if (client.message().substr(0, 1) != "0") throw std::runtime_error("no open packet");
  return client;
}

loopback_client web_fixture::connected(const std::string& nsp, int receive_buffer) {
  auto client = websocket(receive_buffer);
  client.text("40" + (nsp == "/" ? "" : nsp + ","));
  if (client.message().substr(0, 2) != "40") throw std::runtime_error("no namespace");
  return client;
}

stream_owner_actor web_fixture::owner() {
  return world_->owners.emplace_back(spawn(world_->births, placement::pool(), {"owner", {}, {}, 0}, note_all, &heard));
}

io::io_thread& web_fixture::thread(size_t n) { return *world_->threads.at(n); }

void web_fixture::publish(stream_id stream, const known_client& to, uint64_t first, size_t count, size_t size) {
  auto entries = std::make_shared<stream_entries>();
  for (auto seq = first; seq < first + count; ++seq) {
    auto text = std::to_string(seq);
    if (text.size() < size) text.append(size - text.size(), '.');
    entries->push_back({seq, "\"" + text + "\""});
  }
  caf::anon_send(to.gateway, stream_data{stream, std::move(entries)});
}

} // namespace stibium::tests
