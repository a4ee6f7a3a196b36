#include "tests/transport/runtime/docker/docker_fixture.hpp"
#include "tests/transport/runtime/docker/fake_engine.hpp"
#include "transport/runtime/docker/container_log.hpp"

#include <algorithm>
#include <atomic>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;
using runtime::follower_signal;
using texts = std::vector<std::string>;

namespace {

struct log_fixture : docker_fixture {
  runtime::log_follower_actor follow_container(const docker::endpoint& where, const std::string& id,
                                               const log_ear& ear) {
    return docker::spawn_container_log(births, thread, where, id, ear.actor);
  }
  static bool count(const log_ear& ear, size_t wanted) {
    return ear.lines->wait([&](const auto& all) { return all.size() >= wanted; });
  }
};

// Between a client and a real engine: cuts every connection after so many bytes of its answer.
bool forward_and_cut(server_connection& client, const server_request& request, const docker::endpoint& real,
                     size_t bytes) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  real.path.copy(address.sun_path, sizeof address.sun_path - 1);
  server_connection engine{fd};
  bool on = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
            engine.send(request.head + "\r\nConnection: close\r\n\r\n" + request.body);
  while (on && bytes > 0) {
    pollfd wait[] = {{fd, POLLIN, 0}, {client.fd(), POLLRDHUP, 0}};
    ::poll(wait, 2, -1);
    if (wait[1].revents) break;
    const auto piece = engine.receive().substr(0, bytes);
    bytes -= piece.size();
    on = !piece.empty() && client.send(piece);
  }
  ::close(fd);
  return false;
}

} // namespace

TEST_CASE_FIXTURE(log_fixture, "docker log: the lines of a terminal, also long ones, across restarts, to the end") {
  if (!begin()) return;
  const auto id = make({"echo begin; head -c 200000 /dev/zero | tr '\\0' x; echo; printf 'a\\r\\nb\\n\\nlast'; "
                        "trap 'echo; echo bye; exit' TERM; while :; do sleep 0.05; done"});
  const auto ear = listen();
  const auto follower = follow_container(engine().where(), id, ear);
  REQUIRE(count(ear, 8));
  auto all = ear.lines->all();
  CHECK(all[0] == "begin");
  CHECK((all[1] == std::string(65536, 'x')));
  CHECK((all[4] == std::string(200000 - 3 * 65536, 'x')));
  CHECK(texts(all.begin() + 5, all.end()) == texts{"a", "b", ""});
  CHECK_FALSE(engine().restart(id, 5s));
  REQUIRE(count(ear, 8 + 2 + 8));
  CHECK(ear.lines->all().at(8) == "last");
  CHECK(ear.lines->all().at(9) == "bye");
  CHECK(ear.lines->all().at(10) == "begin");
  CHECK_FALSE(engine().stop(id, 5s));
  REQUIRE(count(ear, 20));
  CHECK_FALSE(engine().start(id));
  caf::anon_send(follower, follower_signal::look);
  REQUIRE(count(ear, 28));
  CHECK_FALSE(engine().remove(id, true));
  self->wait_for(follower);
  CHECK(ear.lines->all().size() >= 28);
}

TEST_CASE_FIXTURE(log_fixture, "docker log: both streams of a container without a terminal, up to a finish") {
  if (!begin()) return;
  const auto id = make(
      {"echo out; sleep 0.1; echo err >&2; sleep 0.1; head -c 100000 /dev/zero | tr '\\0' y; echo; exec sleep 100000",
       false});
  const auto ear = listen();
  const auto follower = follow_container(engine().where(), id, ear);
  REQUIRE(count(ear, 4));
  caf::anon_send(follower, follower_signal::finish);
  self->wait_for(follower);
  const auto all = ear.lines->all();
  REQUIRE(all.size() == 4);
  CHECK(all[0] == "out");
  CHECK(all[1] == "err");
  CHECK((all[2] + all[3] == std::string(100000, 'y')));
}

TEST_CASE_FIXTURE(log_fixture, "docker log: nothing is lost or repeated when connections break") {
  if (!begin()) return;
  for (const bool tty : {true, false}) {
    std::atomic<int> cuts{0};
    fake_engine proxy{[&](server_connection& client, const server_request& request) {
      const bool log = request.line.find("/logs") != std::string::npos;
      if (log) ++cuts;
      return forward_and_cut(client, request, engine().where(), log && cuts < 12 ? cuts * 100'000 : SIZE_MAX);
    }};
    const auto id = make(
        {"for i in {1..20000}; do echo line $i; ((i % 100)) || echo e$i >&2; done; echo done; exec sleep 100000", tty});
    const auto ear = listen();
    const auto follower = follow_container(proxy.where(), id, ear);
    // Retries wait longer and longer only while nothing comes.
    const bool all_there = count(ear, 20201);
    REQUIRE_MESSAGE(all_there, ear.lines->all().size(), " lines, ", cuts.load(), " requests");
    caf::anon_send(follower, follower_signal::finish);
    self->wait_for(follower);
    CHECK(cuts > 5);
    texts out, err;
    for (const auto& line : ear.lines->all()) (line.starts_with("e") ? err : out).push_back(line);
    REQUIRE(out.size() == 20001);
    for (size_t i = 0; i < 20000; ++i) REQUIRE(out[i] == "line " + std::to_string(i + 1));
    CHECK(err.size() == 200);
    CHECK(std::ranges::is_sorted(err, {}, [](const std::string& each) { return std::stoi(each.substr(1)); }));
  }
}
