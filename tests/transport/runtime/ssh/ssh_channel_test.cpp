#include "tests/transport/runtime/ssh/sshd.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace stibium;
using namespace stibium::test;

namespace {

struct shell_fixture : ssh_fixture {
  sshd server;
};

size_t descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{"/proc/self/fd"}) ++count;
  return count;
}

// Opens a program that prints its process id and sleeps.
pid_t sleeper(talk& in) {
  const auto output = in.until("\r\n");
  return static_cast<pid_t>(std::stol(output));
}
constexpr const char* sleep_long = "echo $$; exec sleep 1000";

} // namespace

TEST_SUITE("ssh shells" * doctest::skip(no_sshd())) {
  TEST_CASE_FIXTURE(shell_fixture, "ssh: a login shell has a terminal of the size and kind asked for") {
    auto what = server.login();
    what.size = {132, 43};
    what.term = "vt220";
    const auto shell = open(what);
    shell->type("PS1=; stty -echo; stty size; echo kind-$TERM-\n");
    const auto output = shell->until("kind-vt220-");
    CHECK(output.find("43 132") != std::string::npos);
    shell->type("exit 7\n");
    const auto end = shell->end();
    CHECK(end.reason == "program ended (exit code 7)");
    CHECK_FALSE(end.error);
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: a new size reaches the program") {
    const auto shell = open(server.login("stty -echo; echo ready; read x; stty size"));
    shell->until("ready");
    shell->on_thread([](runtime::terminal_channel& it) { it.resize({201, 51}); });
    shell->type("\n");
    CHECK(shell->until("51 201").find("51 201") != std::string::npos);
    CHECK(shell->end().reason == "program ended (exit code 0)");
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: bytes pass as they are, cut anywhere") {
    const std::string text = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x01\xff";
    const auto shell = open(server.login("stty raw -echo; echo ready; head -c 11"));
    const auto before = shell->until("ready\n").size();
    for (const char each : text) shell->type(std::string(1, each));
    CHECK(shell->end().reason == "program ended (exit code 0)");
    CHECK(shell->output().substr(before) == text);
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: a megabyte comes whole, also to one who reads late") {
    bool late = false;
    SUBCASE("at once") {}
    SUBCASE("late") { late = true; }
    const auto shell = open(server.login("stty raw; head -c 3000000 /dev/zero | tr '\\0' a"), !late);
    if (late) {
      const auto other = open(server.login("echo other"));
      other->end();
      shell->start_reading();
    }
    CHECK(shell->end().reason == "program ended (exit code 0)");
    CHECK(shell->output() == std::string(3000000, 'a'));
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: a megabyte can be typed") {
    const auto shell = open(server.login("stty raw -echo; echo ready; head -c 1000000 | md5sum"));
    shell->until("ready");
    shell->type(std::string(1000000, 'x'));
    CHECK(shell->until("-\n").find("ec78dbd963d2fc01e51176ed4dec299e") != std::string::npos);
    CHECK(shell->end().reason == "program ended (exit code 0)");
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: a program ended by a signal says which") {
    const auto shell = open(server.login("kill -TERM $$"));
    CHECK(shell->end().reason == "program ended (signal TERM)");
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: hanging up, killing and letting go end the program") {
    open(server.login("true"))->end(); // the loop opens what it needs with its first connection
    server.kill_all();
    const auto before = descriptors();
    auto shell = open(server.login(sleep_long));
    SUBCASE("hang up") {
      const auto pid = sleeper(*shell);
      shell->on_thread([](runtime::terminal_channel& it) { it.hang_up(); });
      CHECK(gone(pid));
      CHECK_FALSE(shell->end().error);
    }
    SUBCASE("kill") {
      const auto pid = sleeper(*shell);
      shell->on_thread([](runtime::terminal_channel& it) { it.kill(); });
      CHECK(gone(pid));
      shell->end();
    }
    SUBCASE("let go") {
      const auto pid = sleeper(*shell);
      shell.reset();
      CHECK(gone(pid));
    }
    shell.reset();
    server.kill_all();
    CHECK(descriptors() == before);
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: a server that dies under a shell is told as a lost connection") {
    const auto shell = open(server.login("echo first; exec sleep 1000"));
    shell->until("first");
    server.kill_all();
    const auto end = shell->end();
    CHECK(end.reason == "connection to the node lost");
    CHECK(end.error);
    CHECK(shell->output() == "first\r\n");
    shell->type("x"); // goes nowhere, and does no harm
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: what came before the connection broke is still read") {
    const auto shell = open(server.login("echo first; exec sleep 1000"), false);
    shell->wait_readable();
    server.kill_all();
    shell->wait_ended();
    shell->start_reading();
    CHECK(shell->end().error);
    CHECK(shell->output() == "first\r\n");
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: a terminal works on the channel, and ends its program with its client") {
    nursery births;
    births.system = &system;
    births.homes = {&thread};
    std::promise<std::string> heard;
    auto client = system.spawn([&heard](terminal_client_actor::pointer) -> terminal_client_actor::behavior_type {
      return {[&heard, all = std::string{}](const terminal_output& out) mutable {
                const bool before = all.find("end") != std::string::npos;
                all += out.bytes;
                if (!before && all.find("end") != std::string::npos) heard.set_value(all);
              },
              [](const terminal_ended&) {}};
    });
    auto channel = runtime::open_ssh(thread, server.login("echo pid=$$; read x; echo $x end; sleep 1000"));
    REQUIRE(channel);
    auto terminal = runtime::spawn_terminal(births, &thread, "node", std::move(*channel), client);
    caf::anon_send(terminal, terminal_input{"typed\n"});
    const auto output = heard.get_future().get();
    CHECK(output.find("typed end") != std::string::npos);
    caf::anon_send_exit(client, caf::exit_reason::kill);
    CHECK(gone(static_cast<pid_t>(std::stol(output.substr(output.find("pid=") + 4)))));
    caf::scoped_actor self{system};
    self->wait_for(terminal, client);
  }

  TEST_CASE_FIXTURE(shell_fixture, "ssh: twenty shells at a time") {
    std::vector<std::unique_ptr<talk>> shells;
    for (int i = 0; i < 20; ++i) shells.push_back(open(server.login("stty -echo; read x; echo got-$x")));
    for (int i = 0; i < 20; ++i) shells[static_cast<size_t>(i)]->type(std::to_string(i) + "\n");
    for (int i = 0; i < 20; ++i)
      CHECK(shells[static_cast<size_t>(i)]->until("got-").find("got-" + std::to_string(i)) != std::string::npos);
  }
}
