#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stibium::client {

/// Puts the terminal on standard input into raw mode; it is as it was again when this ends, when the process exits, and
/// when a signal ends it. One at a time.
class raw_terminal {
public:
  /// Does nothing when standard input is no terminal.
  raw_terminal();
  ~raw_terminal();
  raw_terminal(const raw_terminal&) = delete;
  raw_terminal& operator=(const raw_terminal&) = delete;

  /// Restores the terminal now; safe to call twice.
  static void restore();
};

/// Whether standard input is a terminal.
bool on_terminal();

/// The terminal's size; 80 x 24 when there is none.
struct window {
  uint16_t cols = 80, rows = 24;
};
window window_size();

/// Writes all of it to standard output. Throws `failure` when nobody reads.
void print(std::string_view text);

/// Writes a line to standard error.
void tell(std::string_view line);

/// Asks for a password on the terminal without showing it. Throws `failure` when there is no terminal.
std::string ask_password(const std::string& prompt);

/// Finds `~.` at the beginning of a line in what is typed, as ssh does; `~~` types one `~`.
class escape_filter {
public:
  struct outcome {
    std::string text; ///< to be sent
    bool detach = false;
  };
  outcome feed(std::string_view typed);

private:
  enum class place : uint8_t { line_start, tilde, inside } at_ = place::line_start;
};

/// Cuts bytes into text at UTF-8 boundaries: what a character's first bytes are waits for the rest.
class utf8_joiner {
public:
  /// Whole characters so far; bytes that cannot be part of one pass as they are.
  std::string feed(std::string_view bytes);

private:
  std::string waiting_;
};

} // namespace stibium::client
