#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace stibium::runtime {

/// What came of reading or writing without waiting.
struct channel_result {
  enum class kind : uint8_t { done, would_block, closed } what = kind::done;
  size_t bytes = 0; ///< only for `done`
};

/// The far side of a terminal: a pty, a hijacked exec, an ssh channel. Made anywhere, used and destroyed on one io
/// thread. Its destructor ends the program, whatever it does, and forgets all callbacks.
class terminal_channel {
public:
  using callback = std::function<void()>;
  virtual ~terminal_channel() = default;

  /// Call back once, on the io thread, when there is something to read or its end; room to write; when the program has
  /// ended and `ending` knows how. At most one of each kind waits.
  virtual void when_readable(callback then) = 0;
  virtual void when_writable(callback then) = 0;
  virtual void when_ended(callback then) = 0;

  virtual channel_result read(char* into, size_t room) = 0;
  virtual channel_result write(std::string_view bytes) = 0;
  virtual void resize(shell_size size) = 0;
  /// Asks the program to end, as when a line is cut. A program may survive it.
  virtual void hang_up() = 0;
  /// Ends the program.
  virtual void kill() = 0;
  /// How the program ended; called after `when_ended` has called back.
  virtual terminal_ended ending() = 0;
};

/// Something that a channel has noticed; sent by the terminal to itself.
enum class terminal_signal : uint8_t { readable, writable, ended, overdue };

/// A terminal as its maker sees it: it can also be closed with a reason, which is then that of `terminal_ended`.
using closable_terminal_actor =
    terminal_actor::extend<caf::reacts_to<atom::close, std::string>, caf::reacts_to<terminal_signal>>;

inline constexpr size_t max_terminal_input = 1024 * 1024; ///< waiting for the program; what comes then is `queue_full`
inline constexpr size_t max_terminal_read = 32 * 1024;    ///< bytes of one `terminal_output`

/// Spawns the actor of a terminal, pinned to the io thread that the channel lives on. It sends one `terminal_output` at
/// a time, each after the answer to the one before, then exactly one `terminal_ended`, then it ends. It closes itself
/// when its client goes down. `grace` passes between hang-up and kill.
closable_terminal_actor spawn_terminal(const nursery& in, caf::execution_unit* home, std::string name,
                                       std::shared_ptr<terminal_channel> channel, terminal_client_actor client,
                                       std::chrono::milliseconds grace = std::chrono::seconds{2});

} // namespace stibium::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::terminal_signal)
