#pragma once

#include "actors/backlog.hpp"
#include "actors/house.hpp"
#include "actors/subscribers.hpp"
#include "actors/utf8_cutter.hpp"

namespace stibium {

/// What a shell starts with. Its terminal comes by message once it is attached.
struct shell_setup {
  shell_info info;
  limits bounds;
  bulletin_actor bulletin;
  directory_actor directory; ///< hears `release` when the shell has ended
};

/// A shell and the ticks that it sends itself.
using ticking_shell_actor = shell_actor::extend<caf::reacts_to<atom::tick>, caf::reacts_to<atom::tick, std::string>>;

/// See `shell_actor`. Answers to the terminal's output wait while a subscriber is congested.
struct shell_state {
  static constexpr const char* name = "shell";
  /// Pieces of output are not longer than this.
  static constexpr size_t chunk_bytes = 16 * 1024;
  /// The newest pieces of output can be resumed exactly; older ones are merged.
  static constexpr size_t exact_chunks = 1024;
  /// How long a terminal may take to close; after that the shell ends without it.
  static constexpr std::chrono::seconds close_deadline{5};

  explicit shell_state(ticking_shell_actor::pointer self)
      : self{self}
      , subscribers_{self} {}
  ~shell_state();

  void begin(shell_setup setup);
  void attach(const terminal_actor& terminal);
  void subscribe(const subscription& who);
  void leave(const leave_stream& who);
  void congested(connection_id who);
  void drained(connection_id who);
  caf::result<void> output(const terminal_output& out);
  void ended(const terminal_ended& how);
  caf::result<void> input(const shell_input& in);
  caf::result<void> resize(const shell_size& size);
  caf::result<void> close(const std::string& reason);
  void check_activity();
  void down(const caf::down_msg& msg);
  void finish(int command, const std::string& reason);

  ticking_shell_actor::pointer self;

private:
  void publish(std::string text);
  void uncongested();
  void begin_close(const std::string& reason);
  void touch();

  shell_info info_;
  limits bounds_;
  bulletin_actor bulletin_;
  directory_actor directory_;
  terminal_actor terminal_;
  stream_id stream_ = next_stream_id();
  backlog scrollback_;
  utf8_cutter cutter_;
  subscribers subscribers_;
  std::set<connection_id> congested_;
  std::vector<caf::response_promise> withheld_; // answers to output, while somebody is congested
  std::vector<caf::response_promise> closing_;  // who waits for the shell to be closed
  std::optional<std::string> close_reason_;
  bool ended_ = false;
  std::chrono::steady_clock::time_point last_activity_{};
};

ticking_shell_actor::behavior_type shell(ticking_shell_actor::stateful_pointer<shell_state> self, shell_setup setup);

} // namespace stibium
