#pragma once

#include "transport/runtime/ssh/ssh_channel.hpp"

#include <libssh/libssh.h>

#include <chrono>
#include <memory>

namespace stibium::runtime {

struct ssh_session_free {
  void operator()(ssh_session session) const;
};
struct ssh_key_free {
  void operator()(ssh_key key) const;
};

/// A libssh session in non-blocking mode, with what it needs to be made step by step against one deadline.
class ssh_dialogue {
public:
  /// \param what outlives this.
  explicit ssh_dialogue(const ssh_request& what);

  /// Connects, checks the host key, logs in, and opens a channel with a terminal and its program. Blocks up to the
  /// deadline. \return an error or nothing. Errors: as `open_ssh`.
  caf::error open();

  /// The session, after `open`. The caller frees its channel first.
  std::unique_ptr<ssh_session_struct, ssh_session_free> session;
  ssh_channel channel = nullptr; ///< belongs to the session

private:
  caf::error dial();
  caf::error greet();
  caf::error check_host();
  caf::error log_in();
  bool try_key();
  bool try_password();
  bool try_prompts();
  caf::error start();

  /// Runs a step of libssh until it is done or the deadline has passed.
  template <class Step>
  int drive(Step step, int again);
  /// Waits until the connection has something for libssh, at most until the deadline. False when that has passed.
  bool wait();
  std::chrono::milliseconds left() const;
  /// An error with the place in front; overruled by the deadline.
  caf::error wrong(const std::string& text) const;
  /// What libssh says, as one short line.
  std::string reason() const;

  const ssh_request& what_;
  std::chrono::steady_clock::time_point until_;
  std::unique_ptr<ssh_key_struct, ssh_key_free> key_;
};

} // namespace stibium::runtime
