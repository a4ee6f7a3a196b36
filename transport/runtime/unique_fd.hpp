#pragma once

#include <unistd.h>
#include <utility>

namespace stibium::runtime {

/// Owns a file descriptor; closes it at the end. Moves, never copies.
class unique_fd {
public:
  unique_fd() = default;
  /// Takes `fd` over; a negative one is none.
  explicit unique_fd(int fd)
      : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept
      : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }
  /// Closes the descriptor and takes another one.
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

private:
  int fd_ = -1;
};

} // namespace stibium::runtime
