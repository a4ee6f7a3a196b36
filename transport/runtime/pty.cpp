#include "transport/runtime/pty.hpp"

#include "actors/error.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

namespace stibium::runtime {

namespace asio = boost::asio;
using descriptor = asio::posix::stream_descriptor;

namespace {

// A node that is being ended kills its programs first and is gone a moment later.
constexpr auto node_end_wait = std::chrono::seconds{1};

void set_size(int fd, shell_size size) {
  winsize window{};
  window.ws_col = size.cols;
  window.ws_row = size.rows;
  ::ioctl(fd, TIOCSWINSZ, &window);
}

class pty_channel final : public terminal_channel, public std::enable_shared_from_this<pty_channel> {
public:
  pty_channel(asio::io_context& context, pty_program program, unique_fd node)
      : master_(context, program.master.release())
      , process_(std::make_shared<descriptor>(context, program.process.pidfd.release()))
      , node_(context)
      , patience_(context)
      , pid_(program.process.pid) {
    if (node) node_.assign(node.release());
  }

  ~pty_channel() override {
    if (reaped_) return;
    kill();
    // The dead program is waited for even though nobody listens any more.
    process_->cancel();
    process_->async_wait(descriptor::wait_read, [keep = process_, pid = pid_](boost::system::error_code) {
      ::waitpid(pid, nullptr, WNOHANG);
    });
  }

  void when_readable(callback then) override { wait(master_, descriptor::wait_read, std::move(then)); }
  void when_writable(callback then) override { wait(master_, descriptor::wait_write, std::move(then)); }

  void when_ended(callback then) override {
    process_->async_wait(descriptor::wait_read,
                         [weak = weak_from_this(), then = std::move(then)](boost::system::error_code code) mutable {
                           const auto me = weak.lock();
                           if (!code && me) me->reap(std::move(then));
                         });
  }

  channel_result read(char* into, size_t room) override {
    const auto n = ::read(master_.native_handle(), into, room);
    if (n > 0) return {channel_result::kind::done, static_cast<size_t>(n)};
    // EIO: nobody holds the other side any more.
    return {n < 0 && (errno == EAGAIN || errno == EINTR) ? channel_result::kind::would_block
                                                         : channel_result::kind::closed};
  }

  channel_result write(std::string_view bytes) override {
    const auto n = ::write(master_.native_handle(), bytes.data(), bytes.size());
    if (n >= 0) return {channel_result::kind::done, static_cast<size_t>(n)};
    return {errno == EAGAIN || errno == EINTR ? channel_result::kind::would_block : channel_result::kind::closed};
  }

  void resize(shell_size size) override { set_size(master_.native_handle(), size); }
  void hang_up() override { signal(SIGHUP); }
  void kill() override {
    signal(SIGKILL);
    if (!reaped_) ::kill(-pid_, SIGKILL); // what has brought the program into its namespaces
  }

  terminal_ended ending() override {
    if (node_gone_) return {"node stopped", false};
    return {"program ended (" + describe_status(status_) + ")", false};
  }

private:
  void wait(descriptor& on, descriptor::wait_type what, callback then) {
    on.async_wait(what, [then = std::move(then)](boost::system::error_code code) {
      if (!code) then();
    });
  }

  // To the program that has the terminal's input and to the one that leads its session.
  void signal(int number) {
    pid_t group = 0, session = 0;
    if (::ioctl(master_.native_handle(), TIOCGPGRP, &group) == 0 && group > 1) ::kill(-group, number);
    if (::ioctl(master_.native_handle(), TIOCGSID, &session) == 0 && session > 1) ::kill(session, number);
    if (session <= 1 && !reaped_) ::kill(-pid_, number); // it is not there yet
  }

  void reap(callback then) {
    bool gone = false;
    reaped_ = try_reap(pid_, status_, gone) || gone;
    if (!node_.is_open() || !WIFSIGNALED(status_) || WTERMSIG(status_) != SIGKILL) return then();
    patience_.expires_after(node_end_wait);
    patience_.async_wait([weak = weak_from_this(), then](boost::system::error_code code) {
      if (!code && weak.lock()) then();
    });
    wait(node_, descriptor::wait_read, [weak = weak_from_this(), then] {
      const auto me = weak.lock();
      if (!me || me->patience_.cancel() == 0) return; // too late, it has been told
      me->node_gone_ = true;
      then();
    });
  }

  descriptor master_;
  std::shared_ptr<descriptor> process_;
  descriptor node_;
  asio::steady_timer patience_;
  pid_t pid_;
  int status_ = 0;
  bool reaped_ = false, node_gone_ = false;
};

} // namespace

caf::expected<pty_program> start_in_pty(program what, shell_size size) {
  pty_program result;
  result.master.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  char path[64];
  if (!result.master || ::grantpt(result.master.get()) != 0 || ::unlockpt(result.master.get()) != 0 ||
      ::ptsname_r(result.master.get(), path, sizeof path) != 0)
    return failure(ec::runtime_failed, std::string{"cannot make a terminal: "} + std::strerror(errno));
  const unique_fd slave{::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!slave) return failure(ec::runtime_failed, std::string{"cannot open a terminal: "} + std::strerror(errno));
  set_size(slave.get(), size);
  what.in = what.out = what.err = slave.get();
  auto started = start(what);
  if (!started) return std::move(started.error());
  result.process = std::move(*started);
  return result;
}

std::shared_ptr<terminal_channel> make_pty_channel(asio::io_context& context, pty_program program, unique_fd node) {
  return std::make_shared<pty_channel>(context, std::move(program), std::move(node));
}

} // namespace stibium::runtime
