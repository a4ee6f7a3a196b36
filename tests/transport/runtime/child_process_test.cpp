#include "actors/error.hpp"
#include "transport/runtime/child_process.hpp"
#include "transport/runtime/command_line.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <sstream>
#include <stdexcept>
#include <thread>

using namespace stibium;
using namespace stibium::runtime;
using namespace std::chrono_literals;

namespace {

program shell(const std::string& script) {
  program what;
  what.argv = {find_executable("sh"), "-c", script};
  what.env = {std::string{"PATH="} + default_path};
  return what;
}

caf::expected<run_result> run_shell(const std::string& script, run_options how = {}) {
  return run(shell(script), how, {});
}

} // namespace

TEST_CASE("child process: output, exit code and the last error line are known at the end") {
  const auto good =
      run_shell("cat; echo err >&2", {.input = "typed", .deadline = 10s, .stop_steps = {}, .on_line = {}});
  REQUIRE(good);
  CHECK(good->ok());
  CHECK(good->out == "typed");
  CHECK(good->err == "err\n");
  const auto bad = run_shell("printf 'first\\nlast one \\n\\n  \\n' >&2; exit 3");
  REQUIRE(bad);
  CHECK(describe_status(bad->status) == "exit code 3");
  CHECK(bad->last_error() == "last one");
  CHECK(run_shell("kill -9 $$")->last_error() == "signal 9");
  CHECK(run_shell("exit 4")->last_error() == "exit code 4");
}

TEST_CASE("child process: a program that is not there is an error, not an exit code") {
  program what;
  what.argv = {"/no/such/program"};
  const auto ended = run(what, {}, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error() == ec::runtime_failed);
  CHECK(message_of(ended.error()).find("/no/such/program") != std::string::npos);
}

TEST_CASE("child process: lines come one by one, the long ones cut, the last one without its end") {
  std::vector<std::string> lines;
  run_options how;
  how.on_line = [&](std::string_view line, bool from_stderr) {
    lines.push_back((from_stderr ? "E" : "O") + std::string{line});
  };
  REQUIRE(run_shell("echo a; echo; printf b; printf c", how));
  CHECK(lines == std::vector<std::string>{"Oa", "O", "Obc"});
  lines.clear();
  REQUIRE(run_shell("head -c 150000 /dev/zero | tr '\\0' x >&2", how));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].size() == max_line + 1);
  CHECK(lines[2].size() == 150000 - 2 * max_line + 1);
}

TEST_CASE("child process: what is kept of the output is bounded") {
  const auto ended = run_shell("head -c 3000000 /dev/zero");
  REQUIRE(ended);
  CHECK(ended->ok());
  CHECK(ended->out.size() == max_captured);
}

TEST_CASE("child process: a child that lives on does not keep its parent's end from being seen") {
  const auto begun = std::chrono::steady_clock::now();
  const auto ended = run_shell("sleep 30 & echo $!");
  REQUIRE(ended);
  CHECK(std::chrono::steady_clock::now() - begun < 20s);
  ::kill(std::stoi(ended->out), SIGKILL);
}

TEST_CASE("child process: a deadline ends the whole process group") {
  run_options how;
  how.deadline = 100ms;
  const auto ended = run_shell("trap '' TERM INT; sleep 76544 & wait", how);
  REQUIRE_FALSE(ended);
  CHECK(ended.error() == ec::deadline_passed);
  CHECK(run_shell("pgrep -f 'sleep 7654[4]'")->out.empty());
}

TEST_CASE("child process: one that writes faster than it is read is ended at its deadline all the same") {
  run_options how;
  how.deadline = 200ms;
  size_t lines = 0;
  const auto begun = std::chrono::steady_clock::now();
  how.on_line = [&](std::string_view, bool) {
    for (const auto until = std::chrono::steady_clock::now() + 1us; std::chrono::steady_clock::now() < until;) {
    }
    // A test that fails shall end too.
    if (++lines % 1000 == 0 && std::chrono::steady_clock::now() - begun > 10s) throw std::runtime_error{"no end"};
  };
  CHECK(run_shell("exec yes", how).error() == ec::deadline_passed);
  lines = 0;
  how.deadline = 20s;
  CHECK(run_shell("setsid timeout 5 yes & sleep 0.1", how)); // its child goes on
  CHECK(std::chrono::steady_clock::now() - begun < 8s);
}

TEST_CASE("child process: an interrupt from another thread ends it step by step, and what comes later does not start") {
  interrupter stop;
  run_options how;
  how.stop_steps = {{SIGINT, 10s}};
  std::vector<std::string> lines;
  std::thread other;
  how.on_line = [&](std::string_view line, bool) {
    lines.emplace_back(line);
    if (!other.joinable()) other = std::thread{[&] { stop.interrupt(); }};
  };
  const auto ended = run(shell("trap 'echo told; exit 0' INT; echo here; while :; do sleep 0.1; done"), how, stop);
  other.join();
  REQUIRE_FALSE(ended);
  CHECK(ended.error() == ec::cancelled);
  CHECK(lines == std::vector<std::string>{"here", "told"});
  CHECK(run(shell("true"), {}, stop).error() == ec::cancelled);
  CHECK_FALSE(stop.sleep_for(10s));
}

TEST_CASE("child process: no descriptor, signal mask or session of ours is inherited") {
  const auto ended = run_shell("ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status; ps -o sid= -p $$; echo $$");
  REQUIRE(ended);
  std::istringstream words{ended->out};
  std::string count, name, mask, session, pid;
  words >> count >> name >> mask >> session >> pid;
  CHECK(count == "4"); // its three streams and the folder that `ls` reads
  CHECK(mask == "0000000000000000");
  CHECK(session == pid);
}
