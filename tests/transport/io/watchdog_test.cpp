#include "transport/io/watchdog.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <future>

using namespace stibium;
using namespace std::chrono_literals;

namespace {

/// Two io threads and what a watchdog reports of them.
struct watched_fixture {
  watched_fixture() {
    births.system = &system;
    births.homes = {&first, &second};
    first.start();
    second.start();
  }

  /// An actor that holds its io thread from its first message until `go`.
  caf::actor holder(const std::string& name, size_t home) {
    return spawn(
        births, placement::on(births.homes[home]), {"lab", name, "", 0},
        [waits = release](caf::event_based_actor*) -> caf::behavior { return {[waits](int) { waits.wait(); }}; });
  }
  void report(const std::string& who) {
    std::lock_guard lock{mutex};
    heard.push_back(who);
    more.notify_all();
  }
  void await(const std::string& who) {
    std::unique_lock lock{mutex};
    more.wait(lock, [&] { return std::find(heard.begin(), heard.end(), who) != heard.end(); });
  }
  static caf::actor_system_config& config() {
    static caf::actor_system_config cfg;
    cfg.set("scheduler.policy", caf::atom("sharing"));
    return cfg;
  }

  caf::actor_system system{config()};
  io::io_thread first{system}, second{system};
  nursery births;
  std::promise<void> go;
  std::shared_future<void> release = go.get_future().share();
  std::mutex mutex;
  std::condition_variable more;
  std::vector<std::string> heard;
};

} // namespace

TEST_CASE_FIXTURE(watched_fixture, "watchdog: who holds an io thread is reported, once for each turn") {
  auto one = holder("ping", 0), other = holder("", 1);
  const auto name_of = [](const char* what, const caf::actor& who) {
    return what + (" (" + std::to_string(who.id()) + ")");
  };
  {
    io::watchdog guard{{&first, &second}, births.people, 50ms, [this](const std::string& who) { report(who); }};
    caf::anon_send(one, 1);
    await(name_of("lab ping", one));
    CHECK(first.current().actor == one.id());
    caf::anon_send(other, 1);
    await(name_of("lab", other)); // in a later look, at which the first one was seen again
    go.set_value();
  }
  CHECK(heard.size() == 2);
  caf::scoped_actor self{system};
  for (auto& each : {one, other}) {
    self->monitor(each);
    self->send_exit(each, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {});
  }
}
