#include "deploy/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace stibium::deploy {

namespace {

// Written by the signal handler: the number of the last signal, and a count of them in the event descriptor.
volatile std::sig_atomic_t last_signal = 0;
int signal_event = -1;

extern "C" void on_stop_signal(int signal) {
  const int kept = errno;
  last_signal = signal;
  const uint64_t one = 1;
  [[maybe_unused]] const auto ignored = write(signal_event, &one, sizeof one);
  errno = kept;
}

// A handler, not SIG_IGN: programs that this process starts get the default back.
extern "C" void on_pipe_signal(int) {}

void handle(int signal, void (*how)(int)) {
  struct sigaction action {};
  action.sa_handler = how;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// A service that was killed while it started a program may leave a child that still has its files, until that becomes
// the program. So long is waited for it.
constexpr std::chrono::seconds heir_time{5};

/// The process that wrote its number into the lock's file; 0 when none has.
pid_t holder_in(int file) {
  char text[16] = {};
  const auto size = pread(file, text, sizeof text - 1, 0);
  return size > 0 ? static_cast<pid_t>(std::strtol(text, nullptr, 10)) : 0;
}

} // namespace

size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

size_t connections_for(size_t files) {
  constexpr size_t fewest = 16;
  return std::max(fewest, files / 4 * 3);
}

void tell_manager(const std::string& state) {
  const char* where = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const auto length = where ? std::strlen(where) : 0;
  if (length < 2 || length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, where, length);
  if (where[0] == '@') address.sun_path[0] = '\0'; // an abstract one
  const int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return;
  sendto(file, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(file);
}

stop_signals::stop_signals() {
  signal_event = eventfd(0, EFD_CLOEXEC);
  if (signal_event < 0) throw std::runtime_error{std::string{"eventfd: "} + std::strerror(errno)};
  handle(SIGPIPE, on_pipe_signal);
  handle(SIGTERM, on_stop_signal);
  handle(SIGINT, on_stop_signal);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, on_stop_signal);
}

stop_signals::~stop_signals() {
  for (int signal : {SIGTERM, SIGINT}) handle(signal, SIG_DFL);
  // The descriptor stays open: a thread of `cut_off_after` may still wait on it.
}

std::string stop_signals::wait(std::optional<std::chrono::milliseconds> limit) {
  pollfd arrived{signal_event, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&arrived, 1, limit ? static_cast<int>(limit->count()) : -1)) < 0 && errno == EINTR) {
  }
  uint64_t count = 0;
  if (ready > 0) eventfd_read(signal_event, &count);
  return last_signal == 0 ? "" : std::string{"SIG"} + sigabbrev_np(last_signal);
}

void stop_signals::wake() { eventfd_write(signal_event, 1); }

void stop_signals::cut_off_after(std::chrono::seconds limit) {
  std::thread{[limit] {
    pollfd wait{signal_event, POLLIN, 0};
    while (poll(&wait, 1, static_cast<int>(std::chrono::milliseconds{limit}.count())) < 0 && errno == EINTR) {
    }
    _exit(static_cast<int>(exit_code::cut_off));
  }}.detach();
}

std::optional<std::string> folder_lock::take(const std::string& folder) {
  const auto path = folder + "/lock";
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return path + ": " + std::strerror(errno);
  const auto until = std::chrono::steady_clock::now() + heir_time;
  while (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const auto holder = holder_in(file_);
    const bool dead = holder > 0 && kill(holder, 0) != 0 && errno == ESRCH;
    if (!dead || std::chrono::steady_clock::now() > until)
      return "another stibiumd" + (holder > 0 ? " (process " + std::to_string(holder) + ")" : "") + " uses " + folder;
    std::this_thread::sleep_for(heir_time / 100);
  }
  const auto id = std::to_string(getpid()) + "\n";
  if (ftruncate(file_, 0) != 0 || write(file_, id.data(), id.size()) < 0) return path + ": " + std::strerror(errno);
  return std::nullopt;
}

folder_lock::~folder_lock() {
  if (file_ >= 0) close(file_);
}

std::string default_data_folder() {
  const auto value = [](const char* name) -> std::string {
    const char* found = std::getenv(name);
    return found ? found : "";
  };
  if (const auto state = value("XDG_STATE_HOME"); !state.empty()) return state + "/stibium";
  if (geteuid() == 0) return "/var/lib/stibium";
  return value("HOME") + "/.local/state/stibium";
}

} // namespace stibium::deploy
