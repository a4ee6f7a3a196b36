#include "transport/io/send_batch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <sys/socket.h>
#include <utility>

namespace stibium::io {

namespace {

constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
// Pieces that are not more bytes than this are one piece for the kernel sooner than several.
constexpr size_t joined_bytes = 4096;
constexpr size_t joined_room = 64 * 1024; // of one batch
// Fewer sends than this are no cheaper together.
constexpr size_t worth_it = 3;
constexpr auto not_sent = std::numeric_limits<ssize_t>::min();

bool same(std::span<const iovec> a, std::span<const iovec> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

} // namespace

send_batch::send_batch(bool together)
    : asked_(!together)
    , joined_(std::make_unique_for_overwrite<char[]>(joined_room)) {}

void send_batch::add(int socket, std::span<const iovec> pieces) {
  auto& what = sends_[size_++];
  what.socket = socket;
  what.first = pieces_.size();
  size_t bytes = 0;
  if (pieces.size() > 1)
    for (auto& piece : pieces) bytes += piece.iov_len;
  if (pieces.size() > 1 && bytes <= joined_bytes && bytes <= joined_room - joined_size_)
    pieces_.push_back(join(pieces, bytes));
  else
    pieces_.insert(pieces_.end(), pieces.begin(), pieces.end());
  what.count = pieces_.size() - what.first;
}

/// All who follow the same stream are sent the same pieces.
iovec send_batch::join(std::span<const iovec> pieces, size_t bytes) {
  if (same(pieces, joined_from_)) return joined_last_;
  joined_from_.assign(pieces.begin(), pieces.end());
  joined_last_ = {joined_.get() + joined_size_, bytes};
  for (auto& piece : pieces) {
    std::memcpy(joined_.get() + joined_size_, piece.iov_base, piece.iov_len);
    joined_size_ += piece.iov_len;
  }
  return joined_last_;
}

std::span<const ssize_t> send_batch::submit() {
  std::fill_n(results_.begin(), size_, not_sent);
  if (size_ >= worth_it && may_go_together()) submit_together();
  for (size_t i = 0; i < size_; ++i)
    if (results_[i] == not_sent) results_[i] = send_one(sends_[i]);
  pieces_.clear();
  joined_from_.clear();
  joined_size_ = 0;
  return {results_.data(), std::exchange(size_, 0)};
}

bool send_batch::may_go_together() {
  if (!std::exchange(asked_, true)) ring_ = uring::open(room);
  return ring_ != nullptr;
}

void send_batch::submit_together() {
  for (size_t i = 0; i < size_; ++i) {
    auto& what = sends_[i];
    auto& entry = ring_->next();
    entry.fd = what.socket;
    entry.msg_flags = flags;
    entry.user_data = i;
    auto* pieces = pieces_.data() + what.first;
    if (what.count == 1) {
      entry.opcode = IORING_OP_SEND;
      entry.addr = reinterpret_cast<uintptr_t>(pieces->iov_base);
      entry.len = static_cast<uint32_t>(std::min(pieces->iov_len, size_t{INT32_MAX}));
    } else {
      what.message = {};
      what.message.msg_iov = pieces;
      what.message.msg_iovlen = what.count;
      entry.opcode = IORING_OP_SENDMSG;
      entry.addr = reinterpret_cast<uintptr_t>(&what.message);
      entry.len = 1;
    }
  }
  const bool good = ring_->run();
  for (io_uring_cqe done; ring_->take(done);) results_[done.user_data] = done.res;
  if (!good) ring_.reset();
}

ssize_t send_batch::send_one(send& what) {
  auto* pieces = pieces_.data() + what.first;
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = what.count;
  const auto sent = what.count == 1 ? ::send(what.socket, pieces->iov_base, pieces->iov_len, flags)
                                    : ::sendmsg(what.socket, &message, flags);
  return sent < 0 ? -errno : sent;
}

} // namespace stibium::io
