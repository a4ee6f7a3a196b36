#include "deploy/client/terminal.hpp"

#include "deploy/client/failure.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace stibium::client {

namespace {

termios saved;
std::atomic<bool> is_raw{false};
static_assert(std::atomic<bool>::is_always_lock_free, "used in signal handlers");

// The signals that would end the process with the terminal still raw.
constexpr int deadly[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPIPE};

extern "C" void restore_and_die(int signal) {
  raw_terminal::restore();
  std::signal(signal, SIG_DFL);
  raise(signal);
}

// How many bytes a character has by its first byte; 1 for what can start none.
size_t character_size(unsigned char first) {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 1;
}

} // namespace

raw_terminal::raw_terminal() {
  if (!on_terminal() || tcgetattr(STDIN_FILENO, &saved) != 0) return;
  std::atexit(restore);
  for (int signal : deadly) std::signal(signal, restore_and_die);
  termios raw = saved;
  cfmakeraw(&raw);
  is_raw = true;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

raw_terminal::~raw_terminal() { restore(); }

void raw_terminal::restore() {
  if (is_raw.exchange(false)) tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

bool on_terminal() { return isatty(STDIN_FILENO) == 1; }

window window_size() {
  winsize size{};
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return size.ws_col == 0 || size.ws_row == 0 ? window{} : window{size.ws_col, size.ws_row};
}

void print(std::string_view text) {
  std::cout.flush();
  while (!text.empty()) {
    const auto written = write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failure{std::string{"standard output is gone: "} + std::strerror(errno)};
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void tell(std::string_view line) {
  // In raw mode a line end needs its carriage return.
  std::cerr << line << (is_raw ? "\r\n" : "\n") << std::flush;
}

std::string ask_password(const std::string& prompt) {
  if (!on_terminal()) throw failure{"no password: give --password or set SB_NATIVE_PASSWORD", wrong_usage};
  std::cerr << prompt << std::flush;
  raw_terminal guard;
  std::string password;
  for (char c = 0; read(STDIN_FILENO, &c, 1) == 1 && c != '\r' && c != '\n';) {
    if (c == 3 || c == 4) throw failure{"no password given"};
    if (c == 127 || c == 8)
      password.resize(password.empty() ? 0 : password.size() - 1);
    else
      password += c;
  }
  tell("");
  return password;
}

escape_filter::outcome escape_filter::feed(std::string_view typed) {
  outcome result;
  for (char c : typed) {
    if (at_ == place::tilde && c == '.') {
      result.detach = true;
      return result;
    }
    if (at_ == place::line_start && c == '~') {
      at_ = place::tilde;
      continue;
    }
    if (at_ == place::tilde && c != '~') result.text += '~';
    result.text += c;
    at_ = c == '\r' || c == '\n' ? place::line_start : place::inside;
  }
  return result;
}

std::string utf8_joiner::feed(std::string_view bytes) {
  auto text = std::exchange(waiting_, {});
  text += bytes;
  // The last character starts within the last four bytes.
  for (size_t back = 1; back <= std::min<size_t>(4, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    if (character_size(byte) > back) {
      waiting_ = text.substr(text.size() - back);
      text.resize(text.size() - back);
    }
    break;
  }
  return text;
}

} // namespace stibium::client
