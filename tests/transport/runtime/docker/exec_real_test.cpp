#include "tests/transport/runtime/docker/docker_fixture.hpp"
#include "transport/runtime/docker/exec_channel.hpp"
#include "transport/runtime/terminal.hpp"

#include <future>

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

struct exec_fixture : docker_fixture {
  caf::expected<std::shared_ptr<runtime::terminal_channel>>
  open(const std::string& id, std::vector<std::string> argv, std::vector<std::string> env = {}, std::string user = {}) {
    return docker::open_exec(thread, engine().where(), {id, std::move(argv), std::move(env), {100, 40}, user, "/tmp"});
  }
  runtime::closable_terminal_actor attach_to(std::shared_ptr<runtime::terminal_channel> channel,
                                             const terminal_ear& ear, std::chrono::milliseconds grace = 2s) {
    return runtime::spawn_terminal(births, &thread, "t", std::move(channel), ear.actor, grace);
  }
  void type(const runtime::closable_terminal_actor& to, const std::string& text) {
    lab_fixture::type(terminal_actor{to}, text);
  }
  static bool ended(const terminal_ear& ear, const std::string& reason) {
    ear.ends->wait([](const auto& ends) { return !ends.empty(); });
    const auto all = ear.ends->all();
    CHECK(all.size() == 1);
    if (!all.empty()) CHECK(all.front().reason == reason);
    return !all.empty();
  }
  // Nothing of that name runs there any more, soon.
  bool gone(const std::string& id, const std::string& pattern) {
    return until(id, "! ps ax -o args | grep -v grep | grep '" + pattern + "'");
  }
};

} // namespace

TEST_CASE_FIXTURE(exec_fixture, "docker exec: a terminal has its size, its environment and UTF-8, and an exit code") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto channel = open(id, {"bash", "--norc"}, {"WHO=näh"});
  REQUIRE_MESSAGE(channel, message_of(channel.error()));
  const auto ear = attach();
  const auto terminal = attach_to(std::move(*channel), ear);
  type(terminal, "stty size; echo $TERM $WHO $PWD; tty\n");
  CHECK(ear.wait_for("40 100\r\n"));
  CHECK(ear.wait_for("xterm-256color näh /tmp\r\n"));
  CHECK(ear.wait_for("/dev/pts/"));
  caf::anon_send(terminal, shell_size{132, 50});
  caf::anon_send(terminal, shell_size{133, 51});
  type(terminal, "while [ \"$(stty size)\" != '51 133' ]; do :; done; echo re''sized\n");
  CHECK(ear.wait_for("resized\r\n"));
  type(terminal, "exit 5\n");
  CHECK(ended(ear, "program ended (exit code 5)"));
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: a program that is not there is an error with Docker's words") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto channel = open(id, {"nosuchshell"});
  REQUIRE_FALSE(channel);
  CHECK(channel.error() == ec::runtime_failed);
  CHECK(message_of(channel.error()).find("nosuchshell") != std::string::npos);
  CHECK(open("nosuchcontainer", {"bash"}).error() == ec::node_not_found);
  REQUIRE(engine().call("POST", "/containers/" + id + "/pause"));
  CHECK(open(id, {"bash"}).error() == ec::node_not_running);
  CHECK(engine().call("POST", "/containers/" + id + "/unpause"));
  CHECK_FALSE(engine().stop(id, 0s));
  CHECK(open(id, {"bash"}).error() == ec::node_not_running);
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: closing ends the shell and all that it has started") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  const auto ear = attach();
  auto channel = open(id, {"bash"});
  REQUIRE(channel);
  const auto terminal = attach_to(std::move(*channel), ear, 300ms);
  type(terminal, "trap '' HUP TERM\nsleep 76511 & nohup sleep 76512 & (setsid sleep 76513 &)\n");
  type(terminal, "(env -i sleep 76514 &); env -i bash -c 'sleep 76515; :'\n");
  REQUIRE(until(id, "[ $(ps ax -o args | grep -c '^sleep 7651') = 5 ]"));
  caf::anon_send(terminal, atom::close_v);
  CHECK(ended(ear, "closed"));
  CHECK(gone(id, "sleep 7651"));
  CHECK(gone(id, "^bash$"));
  CHECK(in(id, "ps ax -o args | grep '[s]leep 100000'") == "sleep 100000\n");
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: a shell that ends by itself leaves what it put into the background") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  const auto ear = attach();
  auto channel = open(id, {"bash"});
  REQUIRE(channel);
  const auto terminal = attach_to(std::move(*channel), ear);
  type(terminal, "nohup setsid sleep 76561 >/dev/null 2>&1 &\nsleep 76562\n");
  REQUIRE(until(id, "[ $(ps ax -o args | grep -c '^sleep 7656') = 2 ]"));
  type(terminal, "\x03");
  type(terminal, "exit 0\n");
  CHECK(ended(ear, "program ended (exit code 0)"));
  self->wait_for(terminal);
  CHECK(in(id, "ps ax -o args | grep '^sleep 7656'") == "sleep 76561\n");
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: a channel that is dropped ends its program, and only that") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto one = open(id, {"bash", "-c", "sleep 76521; :"});
  auto other = open(id, {"bash", "-c", "sleep 76522; :"});
  REQUIRE(one);
  REQUIRE(other);
  REQUIRE(until(id, "[ $(ps ax -o args | grep -c '^sleep 7652') = 2 ]"));
  one->reset();
  CHECK(gone(id, "^sleep 76521"));
  CHECK(in(id, "ps ax -o args | grep '^sleep 7652'") == "sleep 76522\n");
  CHECK_FALSE(docker::end_stray_execs(engine().where(), id));
  CHECK(in(id, "ps ax -o args | grep '^sleep 7652'") == "sleep 76522\n");
  other->reset();
  CHECK(gone(id, "^sleep 76522"));
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: another user's program is ended, and what it has started as root") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000", true, "root"});
  auto channel = open(id, {"bash", "-c", "sleep 76531; :"}, {}, "nobody");
  REQUIRE_MESSAGE(channel, message_of(channel.error()));
  REQUIRE(until(id, "ps ax -o user,args | grep '^nobody *sleep 76531'"));
  channel->reset();
  CHECK(gone(id, "sleep 76531"));
  // From root down to somebody else, whose environment root may not read without more privileges.
  auto mixed = open(id, {"bash", "-c", "setpriv --reuid 65534 --clear-groups env -i sleep 76532; :"});
  REQUIRE(mixed);
  REQUIRE(until(id, "ps ax -o user,args | grep '^nobody *sleep 76532'"));
  mixed->reset();
  CHECK(gone(id, "sleep 76532"));
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: what an earlier process of the service left behind is ended") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto stray = open(id, {"bash", "-c", "STIBIUM_EXEC=0123456789abcdef.1. setsid sleep 76541; :"});
  auto ours = open(id, {"bash", "-c", "sleep 76542; :"});
  REQUIRE(ours);
  REQUIRE(until(id, "[ $(ps ax -o args | grep -c '^sleep 7654') = 2 ]"));
  CHECK_FALSE(docker::end_stray_execs(engine().where(), id));
  CHECK(gone(id, "^sleep 76541"));
  CHECK(in(id, "ps ax -o args | grep '^sleep 7654'") == "sleep 76542\n");
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: a program in a paused container is ended when the container goes on") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto channel = open(id, {"bash", "-c", "sleep 76551; :"});
  REQUIRE(channel);
  REQUIRE(engine().call("POST", "/containers/" + id + "/pause"));
  channel->reset();
  CHECK(engine().inspect(id)->paused);
  REQUIRE(engine().call("POST", "/containers/" + id + "/unpause"));
  CHECK(gone(id, "sleep 76551"));
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: the end of the node and of its programs are told apart") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  const auto killed = attach(), stopped = attach();
  auto one = open(id, {"bash", "-c", "kill -9 $$"});
  auto two = open(id, {"bash"});
  REQUIRE(one);
  REQUIRE(two);
  attach_to(std::move(*one), killed);
  CHECK(ended(killed, "program ended (exit code 137)"));
  attach_to(std::move(*two), stopped);
  CHECK_FALSE(engine().stop(id, 0s));
  CHECK(ended(stopped, "node stopped"));
}

TEST_CASE_FIXTURE(exec_fixture, "docker exec: all output arrives, in order, at the pace of the client") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto channel = open(id, {"bash", "-c", "for i in $(seq 200000); do echo $i; done"});
  REQUIRE(channel);
  const auto ear = attach();
  attach_to(std::move(*channel), ear);
  CHECK(ended(ear, "program ended (exit code 0)"));
  std::string wanted;
  for (int i = 1; i <= 200000; ++i) wanted += std::to_string(i) + "\r\n";
  CHECK((ear.text() == wanted));
}
