#include "tests/transport/runtime/ssh/sshd.hpp"

#include "actors/error.hpp"

#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <cstdio>
#include <future>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace stibium::test {

namespace {

constexpr const char* program_path = "/usr/sbin/sshd";
constexpr const char* chroot_path = "/run/sshd";
constexpr auto patience = std::chrono::seconds{20};

caf::actor_system_config& config() {
  static caf::actor_system_config cfg;
  cfg.set("scheduler.policy", caf::atom("sharing"));
  cfg.set("scheduler.max-threads", size_t{2});
  return cfg;
}

} // namespace

bool no_sshd() {
  static const bool missing = [] {
    const bool usable = ::access(program_path, X_OK) == 0 && ::getuid() == 0;
    if (!usable) std::fputs("SKIPPED: shells over SSH need root and /usr/sbin/sshd (Debian: openssh-server)\n", stderr);
    return !usable;
  }();
  return missing;
}

door::door(std::function<void(int fd)> serve)
    : listening_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    , stop_{::eventfd(0, EFD_CLOEXEC)} {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  auto* address = reinterpret_cast<sockaddr*>(&where);
  REQUIRE(::bind(listening_.get(), address, size) == 0);
  REQUIRE(::listen(listening_.get(), 16) == 0);
  REQUIRE(::getsockname(listening_.get(), address, &size) == 0);
  port_ = ntohs(where.sin_port);
  thread_ = std::thread{[this, serve = std::move(serve)] {
    std::vector<std::thread> served;
    pollfd on[] = {{listening_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    while (::poll(on, 2, -1) > 0 && !on[1].revents)
      if (const int fd = ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC); fd >= 0)
        served.emplace_back(serve, fd);
    for (auto& each : served) each.join();
  }};
}

door::~door() {
  const uint64_t one = 1;
  CHECK(::write(stop_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

sshd::empty_folder::empty_folder()
    : made{std::filesystem::create_directory(chroot_path)} {}

sshd::empty_folder::~empty_folder() {
  std::error_code ignored;
  if (made) std::filesystem::remove(chroot_path, ignored);
}

sshd::sshd() {
  make_key("host");
  make_key("client");
  make_key("stranger");
  std::filesystem::copy_file(folder / "client.pub", folder / "authorized_keys");
  folder.write("config", "HostKey " + folder / "host" + "\nAuthorizedKeysFile " + folder / "authorized_keys" +
                             "\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPidFile none\nPrintMotd no\n"
                             "PrintLastLog no\nPasswordAuthentication no\n");
  door_ = std::make_unique<door>([this](int fd) { serve(fd); });
}

sshd::~sshd() {
  door_.reset();
  kill_all();
}

void sshd::make_key(const std::string& name) {
  runtime::program keygen;
  keygen.argv = {"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name};
  REQUIRE(runtime::run(std::move(keygen), {}, runtime::interrupter{})->ok());
}

void sshd::change_host_key() {
  std::filesystem::remove(folder / "host");
  make_key("host");
}

void sshd::serve(int fd) {
  const runtime::unique_fd connection{fd};
  runtime::program server;
  server.argv = {program_path, "-i", "-f", folder / "config", "-E", folder / "log"};
  server.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  server.in = server.out = fd;
  const std::lock_guard lock{mutex_};
  if (auto started = runtime::start(server)) children_.push_back(std::move(*started));
}

void sshd::kill_all() {
  const std::lock_guard lock{mutex_};
  for (const auto& each : children_) {
    ::kill(each.pid, SIGKILL);
    ::waitpid(each.pid, nullptr, 0);
  }
  children_.clear();
}

runtime::ssh_request sshd::login(std::string command) const {
  runtime::ssh_request what;
  what.host = "127.0.0.1";
  what.port = door_->port();
  what.user = "root";
  what.key_file = folder / "client";
  what.command = std::move(command);
  what.known_hosts = folder / "known_hosts";
  what.deadline = patience;
  return what;
}

struct talk::shared : std::enable_shared_from_this<talk::shared> {
  std::shared_ptr<runtime::terminal_channel> channel; // the io thread's
  std::string waiting;                                // typed, the io thread's
  std::mutex mutex;
  std::condition_variable changed;
  std::string output;                 // under mutex
  bool closed = false, ended = false; // under mutex

  template <class F>
  void change(F&& how) {
    {
      const std::lock_guard lock{mutex};
      how();
    }
    changed.notify_all();
  }

  template <class F>
  bool wait(F&& until) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, patience, std::forward<F>(until));
  }

  void read() {
    char buffer[16384];
    while (channel) {
      const auto got = channel->read(buffer, sizeof buffer);
      if (got.what == runtime::channel_result::kind::would_block)
        return channel->when_readable([me = shared_from_this()] { me->read(); });
      if (got.what == runtime::channel_result::kind::closed) return change([&] { closed = true; });
      change([&] { output.append(buffer, got.bytes); });
    }
  }

  void write() {
    while (channel && !waiting.empty()) {
      const auto put = channel->write(waiting);
      if (put.what == runtime::channel_result::kind::closed) return waiting.clear();
      if (put.what == runtime::channel_result::kind::would_block)
        return channel->when_writable([me = shared_from_this()] { me->write(); });
      waiting.erase(0, put.bytes);
    }
  }
};

talk::talk(io::io_thread& thread, std::shared_ptr<runtime::terminal_channel> channel, bool read_at_once)
    : thread_(thread)
    , all_(std::make_shared<shared>()) {
  all_->channel = std::move(channel);
  on_thread([all = all_](runtime::terminal_channel& it) {
    it.when_ended([all] { all->change([&] { all->ended = true; }); });
  });
  if (read_at_once) start_reading();
}

talk::~talk() {
  on_thread([all = all_](runtime::terminal_channel&) { all->channel.reset(); });
}

void talk::start_reading() {
  on_thread([all = all_](runtime::terminal_channel&) { all->read(); });
}

void talk::on_thread(const std::function<void(runtime::terminal_channel&)>& what) {
  std::promise<void> done;
  boost::asio::post(thread_.context(), [&] {
    {
      const auto keep = all_->channel;
      what(*keep);
    }
    done.set_value();
  });
  done.get_future().wait();
}

std::string talk::until(const std::string& text) {
  all_->wait([&] { return all_->output.find(text) != std::string::npos || all_->closed; });
  return output();
}

void talk::wait_readable() {
  std::promise<void> done;
  on_thread([&](runtime::terminal_channel& it) { it.when_readable([&] { done.set_value(); }); });
  done.get_future().wait();
}

void talk::wait_ended() {
  CHECK(all_->wait([&] { return all_->ended; }));
}

terminal_ended talk::end() {
  CHECK(all_->wait([&] { return all_->ended && all_->closed; }));
  terminal_ended result;
  on_thread([&](runtime::terminal_channel& it) { result = it.ending(); });
  return result;
}

std::string talk::output() {
  const std::lock_guard lock{all_->mutex};
  return all_->output;
}

void talk::type(std::string text) {
  on_thread([&](runtime::terminal_channel&) {
    all_->waiting += text;
    all_->write();
  });
}

bool gone(pid_t pid) {
  const runtime::unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!process) return errno == ESRCH;
  pollfd on{process.get(), POLLIN, 0};
  return ::poll(&on, 1, 20000) == 1;
}

ssh_fixture::ssh_fixture()
    : system(config())
    , thread(system) {
  thread.start();
}

std::unique_ptr<talk> ssh_fixture::open(const runtime::ssh_request& what, bool read_at_once) {
  auto channel = runtime::open_ssh(thread, what);
  const auto reason = channel ? "" : message_of(channel.error());
  REQUIRE_MESSAGE(channel, reason);
  return std::make_unique<talk>(thread, std::move(*channel), read_at_once);
}

std::string ssh_fixture::refusal(const runtime::ssh_request& what, ec code) {
  const auto channel = runtime::open_ssh(thread, what);
  REQUIRE_FALSE(channel);
  CHECK(channel.error() == code);
  return message_of(channel.error());
}

} // namespace stibium::test
