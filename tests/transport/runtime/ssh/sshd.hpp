#pragma once

#include "tests/transport/store/temp_folder.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/runtime/child_process.hpp"
#include "transport/runtime/ssh/ssh_channel.hpp"

#include <caf/all.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace stibium::test {

/// Whether OpenSSH's server is not here; says so, once, on standard error.
bool no_sshd();

/// A port on loopback; each connection is given to `serve`, on a thread of its own, which then owns the descriptor.
class door {
public:
  explicit door(std::function<void(int fd)> serve);
  ~door();
  uint16_t port() const { return port_; }

private:
  runtime::unique_fd listening_, stop_;
  uint16_t port_ = 0;
  std::thread thread_;
};

/// OpenSSH's server on loopback, a process for each connection, which lets root in with one key.
class sshd {
public:
  sshd();
  ~sshd();
  /// A login with the right key.
  runtime::ssh_request login(std::string command = "") const;
  /// Ends the servers of all connections at once.
  void kill_all();
  /// Gives the server another host key.
  void change_host_key();

  temp_folder folder;

private:
  void make_key(const std::string& name);
  void serve(int fd);

  // The folder that sshd needs for its unprivileged part; removed when it was not there before.
  struct empty_folder {
    empty_folder();
    ~empty_folder();
    bool made = false;
  };

  empty_folder chroot_;
  std::mutex mutex_;
  std::vector<runtime::child> children_; // under mutex_
  std::unique_ptr<door> door_;
};

/// A channel that is used on its io thread and looked at from the test's.
class talk {
public:
  talk(io::io_thread& thread, std::shared_ptr<runtime::terminal_channel> channel, bool read_at_once = true);
  ~talk();
  /// Waits until the output contains a text. \return the output so far, also when time has run out.
  std::string until(const std::string& text);
  /// Waits for the end of the program and of its output.
  terminal_ended end();
  std::string output();
  /// Types, as fast as the far side takes it.
  void type(std::string text);
  void start_reading();
  /// Wait until there is something to read, without reading it; until the channel says that it has ended.
  void wait_readable();
  void wait_ended();
  /// Runs something on the io thread and waits for it.
  void on_thread(const std::function<void(runtime::terminal_channel&)>& what);

private:
  struct shared;
  io::io_thread& thread_;
  std::shared_ptr<shared> all_;
};

/// Waits until a process is gone. \return whether it is.
bool gone(pid_t pid);

/// An actor system and an io thread.
struct ssh_fixture {
  ssh_fixture();
  /// Opens a shell that must open.
  std::unique_ptr<talk> open(const runtime::ssh_request& what, bool read_at_once = true);
  /// The text of the error of a shell that must not open.
  std::string refusal(const runtime::ssh_request& what, ec code = ec::runtime_failed);

  caf::actor_system system;
  io::io_thread thread;
};

} // namespace stibium::test
