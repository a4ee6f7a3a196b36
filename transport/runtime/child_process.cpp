#include "transport/runtime/child_process.hpp"

#include "actors/error.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern "C" {
#include <sys/pidfd.h> // glibc 2.36 forgets that C++ reads it too
}

namespace stibium::runtime {

using steady = std::chrono::steady_clock;

interrupter::interrupter()
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void interrupter::interrupt() {
  set_ = true;
  const uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(event_.get(), &one, sizeof one);
}

bool interrupter::sleep_for(std::chrono::milliseconds time) const {
  pollfd p{event_.get(), POLLIN, 0};
  ::poll(&p, 1, static_cast<int>(time.count()));
  return !interrupted();
}

namespace {

// The C arrays that exec wants, pointing into the strings.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// posix_spawn's two argument objects, freed at the end.
struct spawn_setup {
  spawn_setup() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~spawn_setup() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  // dup2 of a descriptor onto itself only clears its close-on-exec flag, which is what is wanted.
  void stream(int fd, int as, int mode) {
    if (fd >= 0)
      ::posix_spawn_file_actions_adddup2(&files, fd, as);
    else
      ::posix_spawn_file_actions_addopen(&files, as, "/dev/null", mode, 0);
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
};

// Copies of the descriptors above those that the child's streams take, so that no dup2 overwrites the next one's
// source.
int lifted(int fd, unique_fd& copy) {
  if (fd < 0 || fd > 3) return fd;
  copy.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 10));
  return copy.get();
}

} // namespace

caf::expected<child> start(const program& what) {
  spawn_setup setup;
  unique_fd copies[4];
  setup.stream(lifted(what.in, copies[0]), 0, O_RDONLY);
  setup.stream(lifted(what.out, copies[1]), 1, O_WRONLY);
  setup.stream(lifted(what.err, copies[2]), 2, O_WRONLY);
  if (what.extra >= 0) setup.stream(lifted(what.extra, copies[3]), 3, O_RDWR);
  ::posix_spawn_file_actions_addclosefrom_np(&setup.files, what.extra >= 0 ? 4 : 3);
  ::posix_spawn_file_actions_addchdir_np(&setup.files, what.folder.c_str());
  const auto argv = pointers(what.argv);
  const auto env = pointers(what.env);
  child result;
  if (const int code = ::posix_spawn(&result.pid, argv[0], &setup.files, &setup.attributes, argv.data(), env.data()))
    return failure(ec::runtime_failed, "cannot start " + what.argv[0] + ": " + std::strerror(code));
  result.pidfd.reset(::pidfd_open(result.pid, 0)); // our child: its number stays taken until it is reaped
  if (!result.pidfd) {
    const std::string why = std::strerror(errno);
    ::kill(-result.pid, SIGKILL);
    ::waitpid(result.pid, nullptr, 0);
    return failure(ec::runtime_failed, "cannot watch " + what.argv[0] + ": " + why);
  }
  return result;
}

bool try_reap(pid_t pid, int& status, bool& gone) {
  pid_t got;
  do got = ::waitpid(pid, &status, WNOHANG);
  while (got < 0 && errno == EINTR);
  gone = got != 0;
  if (got > 0) return true;
  status = -1;
  return false;
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

std::string run_result::last_error() const {
  for (size_t end = err.size(); end > 0;) {
    const auto newline = err.rfind('\n', end - 1);
    const auto begin = newline == std::string::npos ? 0 : newline + 1;
    const auto line = err.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r\n") != std::string::npos)
      return line.substr(0, line.find_last_not_of(" \r\n") + 1);
    end = begin == 0 ? 0 : begin - 1;
  }
  return describe_status(status);
}

namespace {

// Read at once of one stream; then the deadline and the other stream have their turn.
constexpr size_t max_turn = 1024 * 1024;

// Our end of one of the child's output streams.
struct output {
  unique_fd fd;
  bool is_err = false;
  std::string kept, line;

  // Reads what is there, about `most` bytes of it. False at the stream's end.
  bool take(const run_options& how, size_t most) {
    char buffer[16384];
    for (size_t taken = 0; taken < most;) {
      const auto n = ::read(fd.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      const std::string_view data{buffer, static_cast<size_t>(n)};
      kept.append(data.substr(0, std::min(data.size(), max_captured - std::min(max_captured, kept.size()))));
      if (how.on_line) lines(data, how);
      taken += data.size();
    }
    return true;
  }
  void lines(std::string_view data, const run_options& how) {
    while (!data.empty()) {
      const auto room = max_line - line.size();
      const auto newline = data.substr(0, room).find('\n');
      const auto part = data.substr(0, std::min(newline, room));
      line.append(part);
      data.remove_prefix(part.size() + (newline == std::string_view::npos ? 0 : 1));
      if (newline != std::string_view::npos || line.size() == max_line) flush(how);
    }
  }
  void flush(const run_options& how) {
    how.on_line(line, is_err);
    line.clear();
  }
  void finish(const run_options& how) {
    // What the program has written fits into the pipe; others who hold it may write for ever.
    if (fd) take(how, static_cast<size_t>(std::max(0, ::fcntl(fd.get(), F_GETPIPE_SZ))));
    fd.reset();
    if (how.on_line && !line.empty()) flush(how);
  }
};

// A pipe of which we read one end without waiting.
bool make_pipe(unique_fd& ours, unique_fd& theirs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

// A file in memory: unlike a pipe it needs nobody to write into it and raises no SIGPIPE.
bool make_input(const std::string& text, unique_fd& input) {
  if (text.empty()) return true;
  input.reset(::memfd_create("input", MFD_CLOEXEC));
  return input && ::write(input.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::lseek(input.get(), 0, SEEK_SET) == 0;
}

// A program under way.
class running {
public:
  running(const run_options& how, const interrupter& stop)
      : how_(how)
      , stop_(stop)
      , until_(steady::now() + how.deadline) {}

  // When a callback has thrown.
  ~running() {
    if (reaped_ || !child_.pidfd) return;
    ::kill(-child_.pid, SIGKILL);
    ::waitpid(child_.pid, nullptr, 0);
  }
  running(const running&) = delete;
  running& operator=(const running&) = delete;

  caf::expected<run_result> go(program what) {
    unique_fd in, out, err;
    err_.is_err = true;
    if (!make_input(how_.input, in) || !make_pipe(out_.fd, out) || !make_pipe(err_.fd, err))
      return failure(ec::runtime_failed, std::string{"cannot make a pipe: "} + std::strerror(errno));
    what.in = in.get();
    what.out = out.get();
    what.err = err.get();
    auto started = start(what);
    if (!started) return std::move(started.error());
    child_ = std::move(*started);
    in.reset();
    out.reset();
    err.reset();
    while (!turn()) {
    }
    if (reason_ != ec::none) ::kill(-child_.pid, SIGKILL); // what the program has left behind
    ::waitpid(child_.pid, &result_.status, 0);
    reaped_ = true;
    out_.finish(how_);
    err_.finish(how_);
    if (reason_ == ec::cancelled) return failure(ec::cancelled, "cancelled");
    if (reason_ != ec::none) return failure(reason_, what.argv[0] + " took too long");
    result_.out = std::move(out_.kept);
    result_.err = std::move(err_.kept);
    return std::move(result_);
  }

private:
  // Waits for something and does it; true when the program has ended.
  bool turn() {
    pollfd fds[] = {{child_.pidfd.get(), POLLIN, 0},
                    {out_.fd.get(), POLLIN, 0},
                    {err_.fd.get(), POLLIN, 0},
                    {reason_ == ec::none ? stop_.fd() : -1, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - steady::now()).count();
    ::poll(fds, 4, static_cast<int>(std::max<decltype(left)>(0, left)));
    if (fds[1].revents && !out_.take(how_, max_turn)) out_.fd.reset();
    if (fds[2].revents && !err_.take(how_, max_turn)) err_.fd.reset();
    if (fds[0].revents) return true;
    if (reason_ == ec::none && stop_.interrupted())
      push(ec::cancelled);
    else if (steady::now() >= until_)
      push(reason_ == ec::none ? ec::deadline_passed : reason_);
    return false;
  }
  // Takes the next step towards the program's end.
  void push(ec reason) {
    reason_ = reason;
    const bool more = step_ < how_.stop_steps.size();
    ::kill(-child_.pid, more ? how_.stop_steps[step_].signal : SIGKILL);
    until_ = steady::now() + (more ? how_.stop_steps[step_].wait : std::chrono::milliseconds{1000});
    ++step_;
  }

  const run_options& how_;
  const interrupter& stop_;
  steady::time_point until_;
  child child_;
  output out_, err_;
  size_t step_ = 0;
  bool reaped_ = false;
  ec reason_ = ec::none;
  run_result result_;
};

} // namespace

caf::expected<run_result> run(program what, const run_options& how, const interrupter& stop) {
  if (stop.interrupted()) return failure(ec::cancelled, "cancelled");
  return running{how, stop}.go(std::move(what));
}

} // namespace stibium::runtime
