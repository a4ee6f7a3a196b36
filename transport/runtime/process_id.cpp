#include "transport/runtime/process_id.hpp"

#include <charconv>
#include <fstream>
#include <signal.h>

extern "C" {
#include <sys/pidfd.h> // glibc 2.36 forgets that C++ reads it too
}

namespace stibium::runtime {

namespace {

// Fields after the name in parentheses, which may hold anything: state, parent and more numbers; the start time is the
// 20th.
constexpr int parent_field = 2, start_field = 20;

template <class T>
bool read_number(std::string_view text, T& into) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), into);
  return code == std::errc{} && end == text.data() + text.size();
}

// One of those fields; empty when there is none.
std::string_view field_of(std::string_view line, int wanted) {
  const auto close = line.rfind(") ");
  if (close == std::string_view::npos) return {};
  line.remove_prefix(close + 2);
  for (int field = 1; field < wanted; ++field) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return {};
    line.remove_prefix(blank + 1);
  }
  return line.substr(0, line.find(' '));
}

std::string stat_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  std::getline(file, line);
  return line;
}

} // namespace

std::optional<process_id> parse_stat(std::string_view line) {
  process_id result;
  const auto open = line.find(" (");
  if (open == std::string_view::npos || !read_number(line.substr(0, open), result.pid) || result.pid <= 0)
    return std::nullopt;
  const auto rest = line.substr(open);
  const auto state = field_of(rest, 1);
  if (state.starts_with('Z') || state.starts_with('X')) return std::nullopt; // it has ended
  if (!read_number(field_of(rest, start_field), result.start)) return std::nullopt;
  return result;
}

std::optional<process_id> find_process(pid_t pid) { return parse_stat(stat_of(pid)); }

pid_t parent_of(pid_t pid) {
  pid_t parent = -1;
  return read_number(field_of(stat_of(pid), parent_field), parent) ? parent : -1;
}

unique_fd watch_process(process_id process) {
  if (!process) return {};
  unique_fd fd{::pidfd_open(process.pid, 0)};
  // The descriptor came first: what has this number and the right start time now is what it stands for.
  if (fd && find_process(process.pid) != process) fd.reset();
  return fd;
}

bool send_signal(process_id process, int signal) {
  const auto fd = watch_process(process);
  return fd && ::pidfd_send_signal(fd.get(), signal, nullptr, 0) == 0;
}

const std::string& boot_id() {
  static const std::string id = [] {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string text;
    std::getline(file, text);
    return text;
  }();
  return id;
}

} // namespace stibium::runtime
