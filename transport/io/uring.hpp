#pragma once

#include <cstddef>
#include <linux/io_uring.h>
#include <memory>

namespace stibium::io {

/// An io_uring (`io_uring(7)`): operations are written into memory shared with the kernel and begun by one system call.
/// For operations that never wait, which are over when that call returns. For one thread at a time.
class uring {
public:
  /// One for up to `entries` operations at a time; null where the kernel has none (it begins with Linux 5.18, for its
  /// setting to go on after an operation that is refused) or forbids it, as seccomp profiles of container engines do.
  static std::unique_ptr<uring> open(unsigned entries);
  ~uring();
  uring(const uring&) = delete;
  uring& operator=(const uring&) = delete;

  /// A blank entry for the next operation. There must be room: at most `entries` between two calls of `run`.
  io_uring_sqe& next();

  /// Does all operations. False if the kernel refuses to; then some may be done and others not, and the ring is of no
  /// use any more.
  bool run();

  /// Takes one result; false if there is none left.
  bool take(io_uring_cqe& out);

private:
  struct mapping {
    void* at; ///< null if the kernel refused
    size_t size;
    mapping(int descriptor, size_t bytes, off_t offset);
    ~mapping();
    mapping(const mapping&) = delete;
    mapping& operator=(const mapping&) = delete;
    template <class T>
    T* part(unsigned offset) const {
      return reinterpret_cast<T*>(static_cast<char*>(at) + offset);
    }
  };

  uring(int descriptor, const io_uring_params& made);
  bool mapped() const { return rings_.at && entries_.at; }

  int descriptor_;
  mapping rings_, entries_;
  unsigned *submitted_, *completed_, *taken_; ///< shared: tail of the submissions, tail and head of the completions
  unsigned submission_mask_, completion_mask_;
  io_uring_sqe* submissions_;
  io_uring_cqe* completions_;
  unsigned waiting_ = 0; ///< entries since the last `run`
};

} // namespace stibium::io
