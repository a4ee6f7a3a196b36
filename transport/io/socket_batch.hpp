#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <vector>

struct io_uring_sqe;

namespace stibium::io {

class uring;

/// Sends to many sockets, or receives from many, with one system call where there is an io_uring, else with one call
/// each. Either way nothing waits and nothing is left under way: when `submit` returns, each socket has taken or given
/// what it can now.
///
/// One message for a hundred clients costs a sixth less this way: a hundred times the way into the kernel and back. For
/// one thread at a time.
class socket_batch {
public:
  /// Operations per system call.
  static constexpr size_t room = 64;

  /// With `together` false each operation is a system call everywhere.
  explicit socket_batch(bool together = true);
  ~socket_batch();
  socket_batch(const socket_batch&) = delete;
  socket_batch& operator=(const socket_batch&) = delete;

  /// Adds a send of `pieces`, one at least. What they point at must stay as it is until `submit`; they themselves need
  /// not. Only while the batch is not full.
  void send(int socket, std::span<const iovec> pieces);

  /// Adds a receive into `space`, which must stay until `submit`. Only while the batch is not full.
  void receive(int socket, std::span<char> space);

  size_t size() const { return size_; }
  bool full() const { return size_ == room; }

  /// Does all and empties the batch. The results, in the order of adding, are the bytes that were taken or given, 0 for
  /// a socket that gives nothing any more, or minus the `errno`; valid until the next `submit`.
  std::span<const ssize_t> submit();

private:
  struct operation {
    int socket;
    bool receives;
    size_t first, count; ///< of `pieces_`
    msghdr message;      ///< of several pieces, for the kernel to read
  };

  bool may_go_together();
  iovec join(std::span<const iovec> pieces, size_t bytes);
  void submit_together();
  msghdr message_of(const operation& what);
  void prepare(operation& what, io_uring_sqe& entry);
  ssize_t do_one(const operation& what);

  bool asked_; ///< for the ring, or not to
  // Made at the first use, on its thread: when a ring goes, the kernel interrupts the thread that made it.
  std::unique_ptr<uring> ring_;
  std::array<operation, room> operations_;
  std::array<ssize_t, room> results_;
  size_t size_ = 0;
  std::vector<iovec> pieces_;
  std::vector<iovec> joined_from_; ///< what `joined_last_` holds the bytes of
  iovec joined_last_{};
  std::unique_ptr<char[]> joined_;
  size_t joined_size_ = 0;
};

} // namespace stibium::io
