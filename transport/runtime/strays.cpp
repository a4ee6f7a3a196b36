#include "transport/runtime/strays.hpp"

#include "transport/runtime/process_id.hpp"
#include "transport/runtime/state_file.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h> // glibc 2.36 forgets that C++ reads it too
}

namespace stibium::runtime {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto kill_wait = 3s;
// A script may start one more program while it is being ended.
constexpr int rounds = 5;

struct stray {
  pid_t pid;
  unique_fd held; ///< from here on the number is that of one process
};

// Every program that is started here leads a session.
bool is_of_this_process(pid_t pid) {
  return pid == ::getpid() || parent_of(pid) == ::getpid() || parent_of(::getsid(pid)) == ::getpid();
}

bool carries(pid_t pid, const std::string& mark) {
  const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  return environment && ('\0' + *environment + '\0').find('\0' + mark + '\0') != std::string::npos;
}

std::vector<stray> find(const std::string& mark, const std::set<pid_t>& spared) {
  std::vector<stray> found;
  std::error_code code;
  for (std::filesystem::directory_iterator at{"/proc", code}, end; !code && at != end; at.increment(code)) {
    const auto pid = static_cast<pid_t>(std::atoi(at->path().filename().c_str()));
    if (pid <= 0 || spared.contains(pid)) continue;
    unique_fd held{::pidfd_open(pid, 0)};
    if (held && carries(pid, mark) && !is_of_this_process(pid)) found.push_back({pid, std::move(held)});
  }
  return found;
}

// Signals those that are left and waits for their end.
void push(std::vector<stray>& whom, const stop_step& step) {
  for (const auto& each : whom) {
    ::pidfd_send_signal(each.held.get(), step.signal, nullptr, 0);
    // What it has started, though without the mark.
    if (step.signal == SIGKILL && ::getpgid(each.pid) == each.pid) ::kill(-each.pid, SIGKILL);
  }
  const auto until = steady::now() + step.wait;
  std::erase_if(whom, [&](const stray& each) {
    pollfd end{each.held.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    return ::poll(&end, 1, static_cast<int>(std::max<decltype(left)>(0, left))) > 0;
  });
}

} // namespace

std::string run_root_mark(const std::string& run_root) { return "STIBIUM_RUN_ROOT=" + run_root; }

void end_strays(const std::string& mark, const std::set<pid_t>& spared, const std::vector<stop_step>& steps) {
  for (int round = 0; round < rounds; ++round) {
    auto left = find(mark, spared);
    if (left.empty()) return;
    spdlog::info("programs of an earlier process that still work are ended: {}", left.size());
    for (const auto& step : steps)
      if (!left.empty()) push(left, step);
    if (!left.empty()) push(left, {SIGKILL, kill_wait});
  }
}

} // namespace stibium::runtime
