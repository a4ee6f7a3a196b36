#include "transport/store/spool_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace stibium::store {

namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw storage_error{fmt::format("{} cannot be {}: {}", path, what, std::generic_category().message(errno))};
}

struct open_file {
  open_file(const std::string& path, int flags)
      : number{::open(path.c_str(), flags | O_CLOEXEC, 0600)} {}
  ~open_file() {
    if (number >= 0) ::close(number);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  int number;
};

// All of a file; empty when it is not there.
std::string read_file(const std::string& path) {
  const open_file file{path, O_RDONLY};
  if (file.number < 0 && errno == ENOENT) return {};
  if (file.number < 0) fail(path, "opened");
  std::string out;
  char block[64 * 1024];
  for (;;) {
    const auto got = ::read(file.number, block, sizeof block);
    if (got == 0) return out;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "read");
    out.append(block, static_cast<size_t>(got));
  }
}

void write_all(const open_file& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(file.number, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(path, "written");
    text.remove_prefix(static_cast<size_t>(put));
  }
}

std::string to_text(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) {
    out += escape_line(line);
    out += '\n';
  }
  return out;
}

} // namespace

std::string escape_line(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (const char c : line) {
    switch (c) {
    case '\n': out += "\\n"; break;
    case '\\': out += "\\\\"; break;
    default: out += c;
    }
  }
  return out;
}

std::string unescape_line(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (size_t i = 0; i < line.size(); ++i) {
    const char next = i + 1 < line.size() ? line[i + 1] : '\0';
    if (line[i] == '\\' && (next == 'n' || next == '\\')) {
      out += next == 'n' ? '\n' : '\\';
      ++i;
    } else {
      out += line[i];
    }
  }
  return out;
}

spool_file::spool_file(std::string path, spool_bounds bounds)
    : path_{std::move(path)}
    , bounds_{bounds} {
  const auto folder = std::filesystem::path{path_}.parent_path();
  std::error_code err;
  std::filesystem::create_directories(folder, err);
  if (err) throw storage_error{fmt::format("the folder {} cannot be made: {}", folder.string(), err.message())};
}

std::vector<std::string> spool_file::newest(std::string_view text) const {
  std::vector<std::string> out; // newest first
  size_t bytes = 0;
  if (!text.empty() && text.back() == '\n')
    text.remove_suffix(1);
  else if (text.empty())
    return out;
  for (bool more = true; more && out.size() < bounds_.lines;) {
    const auto end = text.rfind('\n');
    more = end != std::string_view::npos;
    auto line = unescape_line(more ? text.substr(end + 1) : text);
    bytes += line.size();
    if (bytes > bounds_.bytes) break;
    out.push_back(std::move(line));
    if (more) text = text.substr(0, end);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<std::string> spool_file::load() { return newest(read_file(path_)); }

void spool_file::measure() {
  const auto text = read_file(path_);
  bytes_ = text.size();
  lines_ = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  torn_ = !text.empty() && text.back() != '\n';
  measured_ = true;
}

void spool_file::append(const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  if (!measured_) measure();
  auto text = to_text(lines);
  if (torn_) text.insert(text.begin(), '\n');
  // Until the write is done, a failure may leave any part of it.
  measured_ = false;
  {
    const open_file file{path_, O_WRONLY | O_CREAT | O_APPEND};
    if (file.number < 0) fail(path_, "opened");
    write_all(file, path_, text);
  }
  lines_ += lines.size() + (torn_ ? 1 : 0);
  bytes_ += text.size();
  torn_ = false;
  measured_ = true;
  if (lines_ > 2 * bounds_.lines || bytes_ > 2 * bounds_.bytes) shrink();
}

// Writes what is kept to a new file that takes the old one's place, so that a kill leaves one or the other.
void spool_file::shrink() {
  const auto text = to_text(load());
  const auto draft = path_ + ".new";
  {
    const open_file file{draft, O_WRONLY | O_CREAT | O_TRUNC};
    if (file.number < 0) fail(draft, "opened");
    write_all(file, draft, text);
  }
  if (::rename(draft.c_str(), path_.c_str()) != 0) fail(path_, "replaced");
  measured_ = false;
}

void spool_file::clear() {
  measured_ = false;
  const open_file file{path_, O_WRONLY | O_CREAT | O_TRUNC};
  if (file.number < 0) fail(path_, "emptied");
}

} // namespace stibium::store
