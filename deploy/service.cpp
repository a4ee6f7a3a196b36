#include "deploy/service.hpp"

#include "actors/session.hpp"
#include "deploy/wiring.hpp"
#include "transport/io/watchdog.hpp"
#include "transport/store/signing_key.hpp"
#include "transport/store/sqlite_store.hpp"
#include "transport/web/server.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace stibium::deploy {

namespace {

using namespace std::chrono_literals;

// Messages that an actor on the pool handles before the next one gets its turn.
constexpr size_t messages_per_turn = 100;
// Of the 10 s that a stop may take in all.
constexpr auto clients_deadline = 5s, actors_deadline = 3s;
// Of one actor on an io thread; a hundred times what is usual.
constexpr std::chrono::milliseconds longest_turn{100};

size_t processors() { return std::max(1u, std::thread::hardware_concurrency()); }

// Debian's CAF needs no parsing: what is not set here keeps its default, and no file is read.
struct system_config : caf::actor_system_config {
  system_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-throughput", messages_per_turn);
    set("scheduler.max-threads", std::max<size_t>(2, processors()));
  }
};

std::optional<trouble> prepare_data_folder(const std::string& folder) {
  const auto advice =
      "\nName another data folder with --data, or make this one usable: it needs to be a folder that this "
      "user may write to.";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) std::filesystem::create_directories(folder + "/run", error);
  if (error) return trouble{exit_code::no_data, "cannot make " + folder + ": " + error.message() + advice};
  if (access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    return trouble{exit_code::no_data, "cannot use " + folder + ": " + std::strerror(errno) + advice};
  return std::nullopt;
}

std::optional<trouble> check_labs_folder(const std::string& folder) {
  if (auto* opened = opendir(folder.c_str())) {
    closedir(opened);
    return std::nullopt;
  }
  return trouble{exit_code::no_labs, "cannot read the labs folder " + folder + ": " + std::strerror(errno) +
                                         "\nName a folder of *.clab.yml files with --labs."};
}

} // namespace

struct service::impl {
  impl(settings all, native_login native, const std::vector<runtime_choice>& choices,
       std::function<void(const std::string&)> told)
      : values{std::move(all)}
      , login{std::move(native)}
      , runtimes{choices}
      , on_failure{std::move(told)} {}

  std::optional<trouble> open_data();
  void start_threads();
  web::server_options web_options();
  bool await_actors();

  settings values;
  native_login login;
  const std::vector<runtime_choice>& runtimes;
  std::function<void(const std::string&)> on_failure;
  folder_lock lock;
  std::shared_ptr<store::database> data;
  std::string key;
  system_config config;
  std::unique_ptr<caf::actor_system> system;
  std::vector<std::unique_ptr<io::io_thread>> threads;
  std::unique_ptr<io::watchdog> guard;
  nursery births;
  residents actors;
  std::shared_ptr<web::http_handler> rest;
  std::unique_ptr<web::server> server;
  bool started = false;
};

std::optional<trouble> service::impl::open_data() {
  const auto& folder = values.data.folder;
  if (auto wrong = prepare_data_folder(folder)) return wrong;
  if (auto held = lock.take(folder))
    return trouble{exit_code::busy, *held + "\nStop it, or give this one its own data folder with --data."};
  try {
    key = store::read_or_make_signing_key(folder);
    data = store::open_database(folder);
  } catch (const store::storage_error& error) {
    return trouble{exit_code::no_data, error.what()};
  }
  return std::nullopt;
}

void service::impl::start_threads() {
  system = std::make_unique<caf::actor_system>(config);
  births.system = system.get();
  const auto count = values.server.io_threads ? values.server.io_threads : std::max<size_t>(1, processors() / 2);
  for (size_t i = 0; i < count; ++i) {
    threads.push_back(std::make_unique<io::io_thread>(*system));
    births.homes.push_back(threads.back().get());
  }
  std::vector<const io::io_thread*> watched;
  for (auto& thread : threads) {
    thread->start();
    watched.push_back(thread.get());
  }
  guard = std::make_unique<io::watchdog>(std::move(watched), births.people, longest_turn, [](const std::string& who) {
    spdlog::warn("{} holds an io thread for more than {} ms: others wait for it", who, longest_turn.count());
  });
}

web::server_options service::impl::web_options() {
  web::server_options options;
  const auto& from = values.server;
  options.host = from.listen.host;
  options.port = from.listen.port;
  options.ping_interval = from.ping_interval;
  options.ping_timeout = from.ping_timeout;
  options.connect_timeout = from.connect_timeout;
  options.max_payload = from.max_payload;
  options.cors_origins = from.cors_origins;
  options.send_queue_bytes = from.send_queue_bytes;
  options.recovery = from.recovery;
  options.max_connections = std::min(options.max_connections, connections_for(raise_file_limit()) / threads.size());
  options.parent = actors.chief.id();
  // The handler's actor must end with the others, before the server that holds the options.
  rest = std::make_shared<web::http_handler>(make_http_handler(actors));
  options.on_http = [handler = rest](web::http_request what, web::http_reply answer) {
    (*handler)(std::move(what), std::move(answer));
  };
  options.make_session = make_session_factory(actors);
  return options;
}

std::optional<trouble> service::start() {
  auto& it = *impl_;
  if (auto wrong = check_labs_folder(it.values.labs.folder)) return wrong;
  if (auto wrong = it.open_data()) return wrong;
  it.start_threads();
  it.started = true;
  auto actors =
      start_actors({it.values, it.births, *it.threads.front(), it.runtimes, it.data, it.key, it.login, it.on_failure});
  if (const auto* wrong = std::get_if<std::string>(&actors)) return trouble{exit_code::broken, *wrong};
  it.actors = std::get<residents>(std::move(actors));
  std::vector<io::io_thread*> threads;
  for (auto& thread : it.threads) threads.push_back(thread.get());
  it.server = std::make_unique<web::server>(it.births, threads, it.web_options());
  if (auto wrong = it.server->start())
    return trouble{exit_code::cannot_serve,
                   *wrong + "\nChoose another address with --listen HOST:PORT; port 0 takes a free one."};
  return std::nullopt;
}

std::string service::url() const {
  auto where = impl_->values.server.listen;
  where.port = impl_->server->port();
  return "http://" + to_string(where);
}

uint16_t service::port() const { return impl_->server->port(); }

bool service::impl::await_actors() {
  const auto end = std::chrono::steady_clock::now() + actors_deadline;
  while (births.people->size() > 0) {
    if (std::chrono::steady_clock::now() > end) {
      for (const auto& one : births.people->all())
        spdlog::warn("still alive at the end: {} {}", one.birth.kind, one.birth.name);
      return false;
    }
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

bool service::stop() {
  auto& it = *impl_;
  if (!std::exchange(it.started, false)) return true;
  if (it.server) it.server->shutdown(clients_deadline);
  if (it.rest) *it.rest = nullptr; // no request is left
  stop_actors(it.actors);
  it.actors = {};
  if (!it.await_actors()) return false;
  it.guard.reset();
  for (auto& thread : it.threads) thread->stop();
  it.server.reset();
  return true;
}

service::service(settings values, native_login login, const std::vector<runtime_choice>& runtimes,
                 std::function<void(const std::string& why)> on_failure)
    : impl_{std::make_unique<impl>(std::move(values), std::move(login), runtimes, std::move(on_failure))} {}

service::~service() {
  // Actors that do not end would use what is destroyed here.
  if (!stop()) _exit(static_cast<int>(exit_code::cut_off));
}

} // namespace stibium::deploy
