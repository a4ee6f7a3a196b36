#include "transport/runtime/log_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>

namespace stibium::runtime {

namespace {

constexpr uint64_t stat_block = 512;               // the unit of st_blocks
constexpr uint64_t max_offset = uint64_t{1} << 40; // well before a file system's own limit, 16 TiB and more

} // namespace

bool bound_log(int fd, uint64_t limit) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || static_cast<uint64_t>(info.st_blocks) * stat_block <= limit) return false;
  const auto block = static_cast<uint64_t>(info.st_blksize > 0 ? info.st_blksize : 4096);
  const auto size = static_cast<uint64_t>(info.st_size);
  const auto end = (size - std::min(size, limit / 2)) / block * block;
  if (end == 0) return false; // blocks that are reserved ahead
  return (size < max_offset &&
          ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(end)) == 0) ||
         ::ftruncate(fd, 0) == 0;
}

bool bound_log(const std::string& path, uint64_t limit) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || static_cast<uint64_t>(info.st_blocks) * stat_block <= limit) return false;
  const unique_fd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return file && bound_log(file.get(), limit);
}

log_reader::log_reader(const std::string& path)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

// Steps over a part that was given back to the disk, and back to the beginning of a file that was emptied. False when
// there is nothing to read.
bool log_reader::find_data(std::vector<std::string>& lines) {
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return false;
  const auto size = static_cast<uint64_t>(info.st_size);
  uint64_t skipped = 0;
  if (size < at_) {
    at_ = 0;
    partial_.clear();
    lines.emplace_back("… log emptied …");
  }
  if (size == at_) return false;
  const auto data = ::lseek(file_.get(), static_cast<off_t>(at_), SEEK_DATA);
  if (data > static_cast<off_t>(at_)) skipped = static_cast<uint64_t>(data) - at_;
  if (skipped == 0) return true;
  lines.push_back("… " + std::to_string(skipped + partial_.size()) + " bytes skipped …");
  at_ += skipped;
  partial_.clear();
  cut_ = true;
  return true;
}

std::vector<std::string> log_reader::read() {
  std::vector<std::string> lines;
  if (!file_) return lines;
  char buffer[16384];
  for (size_t taken = 0; taken < max_log_batch;) {
    if (!find_data(lines)) break;
    const auto n = ::pread(file_.get(), buffer, sizeof buffer, static_cast<off_t>(at_));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    at_ += static_cast<uint64_t>(n);
    taken += static_cast<size_t>(n);
    for (std::string_view data{buffer, static_cast<size_t>(n)}; !data.empty();) {
      const auto room = data.substr(0, max_log_line - partial_.size());
      const auto newline = room.find('\n');
      partial_.append(room.substr(0, newline));
      data.remove_prefix(newline == std::string_view::npos ? room.size() : newline + 1);
      if (newline == std::string_view::npos && partial_.size() < max_log_line) break;
      if (!cut_) lines.push_back(partial_);
      cut_ = cut_ && newline == std::string_view::npos;
      partial_.clear();
    }
  }
  for (auto& line : lines)
    if (!line.empty() && line.back() == '\r') line.pop_back();
  return lines;
}

std::vector<std::string> log_reader::rest() {
  std::vector<std::string> lines;
  if (!partial_.empty() && !cut_) lines.push_back(std::move(partial_));
  partial_.clear();
  return lines;
}

} // namespace stibium::runtime
