#include "transport/store/signing_key.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace stibium::store {

namespace {

// A file descriptor that closes itself.
struct open_file {
  explicit open_file(int number)
      : number{number} {}
  ~open_file() {
    if (number >= 0) ::close(number);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  int number;
};

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw storage_error{fmt::format("{} {}: {}", path, what, std::generic_category().message(errno))};
}

// The key in the file; nothing when there is no file.
std::optional<std::string> read_key(const std::string& path) {
  const open_file file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (file.number < 0 && errno == ENOENT) return std::nullopt;
  if (file.number < 0) fail(path, "cannot be opened");
  struct stat about {};
  if (::fstat(file.number, &about) != 0) fail(path, "cannot be examined");
  if (!S_ISREG(about.st_mode)) throw storage_error{fmt::format("{} is not a file", path)};
  if ((about.st_mode & 077) != 0)
    throw storage_error{
        fmt::format("{} can be read by others: run `chmod 600 {}`, or remove it so that a new key is made "
                    "(then everyone logs in again)",
                    path, path)};
  std::string key(signing_key_bytes + 1, '\0');
  const auto got = ::read(file.number, key.data(), key.size());
  if (got < 0) fail(path, "cannot be read");
  if (static_cast<size_t>(got) != signing_key_bytes)
    throw storage_error{
        fmt::format("{} does not hold {} bytes: remove it so that a new key is made (then everyone logs "
                    "in again)",
                    path, signing_key_bytes)};
  key.resize(signing_key_bytes);
  return key;
}

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  if (::getrandom(out.data(), count, 0) != static_cast<ssize_t>(count)) fail("a key", "cannot be had");
  return out;
}

// Writes a new key beside its place, then links it there: that fails when another process was faster.
void make_key(const std::string& path) {
  uint64_t suffix = 0;
  if (::getrandom(&suffix, sizeof suffix, 0) != sizeof suffix) fail("a random number", "cannot be had");
  const auto draft = fmt::format("{}.{:016x}", path, suffix);
  const open_file file{::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.number < 0) fail(draft, "cannot be made");
  const auto key = random_bytes(signing_key_bytes);
  const bool written =
      ::write(file.number, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(file.number) == 0;
  const bool placed = written && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int err = errno;
  ::unlink(draft.c_str());
  errno = err;
  if (!placed) fail(path, "cannot be made");
}

} // namespace

std::string read_or_make_signing_key(const std::string& folder) {
  std::error_code err;
  std::filesystem::create_directories(folder, err);
  if (err) throw storage_error{fmt::format("the data folder {} cannot be made: {}", folder, err.message())};
  const auto path = folder + "/signing.key";
  if (auto key = read_key(path)) return *key;
  make_key(path);
  if (auto key = read_key(path)) return *key;
  throw storage_error{fmt::format("{} has vanished while it was made", path)};
}

} // namespace stibium::store
