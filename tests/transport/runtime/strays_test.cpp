#include "transport/runtime/process_id.hpp"
#include "transport/runtime/strays.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <poll.h>
#include <unistd.h>

using namespace stibium::runtime;

namespace {

using namespace std::chrono_literals;

// A program that nobody waits for: the shell that has started it is gone. It ignores what the test wants it to.
process_id leave_behind(const std::string& entry, const std::string& before = "") {
  program what;
  what.argv = {"/bin/sh", "-c", before + "sleep 76543 >/dev/null 2>&1 & echo $!"};
  what.env = {"PATH=/usr/bin:/bin", entry};
  const auto done = run(std::move(what), {.input = {}, .stop_steps = {}, .on_line = {}}, interrupter{});
  REQUIRE(done);
  const auto found = find_process(std::atoi(done->out.c_str()));
  REQUIRE(found);
  return *found;
}

bool has_ended(const process_id& process) { return !find_process(process.pid); }

const std::string mark = run_root_mark("/tmp/stibium-strays-" + std::to_string(::getpid()));

} // namespace

TEST_CASE("strays: what carries the mark is ended, and nothing else") {
  const auto stray = leave_behind(mark), other = leave_behind(mark + "1"), spared = leave_behind(mark);
  program ours;
  ours.argv = {"/bin/sleep", "76543"};
  ours.env = {mark};
  const auto child = start(ours);
  REQUIRE(child);
  end_strays(mark, {spared.pid}, {});
  CHECK(has_ended(stray));
  CHECK_FALSE(has_ended(other));
  CHECK_FALSE(has_ended(spared));
  CHECK(find_process(child->pid)); // a worker of this process waits for it
  for (const auto& each : {other, spared}) send_signal(each, SIGKILL);
  ::kill(child->pid, SIGKILL);
  pollfd end{child->pidfd.get(), POLLIN, 0};
  CHECK(::poll(&end, 1, 10'000) == 1);
  int status;
  bool gone;
  CHECK(try_reap(child->pid, status, gone));
}

TEST_CASE("strays: what ignores the first signal is killed") {
  const auto stray = leave_behind(mark, "trap '' INT TERM; ");
  end_strays(mark, {}, {{SIGINT, 50ms}, {SIGTERM, 50ms}});
  CHECK(has_ended(stray));
}
