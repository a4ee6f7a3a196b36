#include "transport/io/socket_batch.hpp"

#include "transport/io/uring.hpp"

#include <spdlog/spdlog.h>

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
// Fewer operations than this are no cheaper together.
constexpr size_t worth_it = 3;
constexpr auto not_done = std::numeric_limits<ssize_t>::min();

bool same(std::span<const iovec> a, std::span<const iovec> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

} // namespace

socket_batch::socket_batch(bool together)
    : asked_(!together)
    , joined_(std::make_unique_for_overwrite<char[]>(joined_room)) {}

socket_batch::~socket_batch() = default;

void socket_batch::send(int socket, std::span<const iovec> pieces) {
  const auto first = pieces_.size();
  size_t bytes = 0;
  for (auto& piece : pieces) bytes += piece.iov_len;
  if (pieces.size() > 1 && bytes <= joined_bytes && bytes <= joined_room - joined_size_)
    pieces_.push_back(join(pieces, bytes));
  else
    pieces_.insert(pieces_.end(), pieces.begin(), pieces.end());
  operations_[size_++] = {socket, false, first, pieces_.size() - first, {}};
}

void socket_batch::receive(int socket, std::span<char> space) {
  pieces_.push_back({space.data(), space.size()});
  operations_[size_++] = {socket, true, pieces_.size() - 1, 1, {}};
}

/// All who follow the same stream are sent the same pieces.
iovec socket_batch::join(std::span<const iovec> pieces, size_t bytes) {
  if (same(pieces, joined_from_)) return joined_last_;
  joined_from_.assign(pieces.begin(), pieces.end());
  joined_last_ = {joined_.get() + joined_size_, bytes};
  for (auto& piece : pieces) {
    std::memcpy(joined_.get() + joined_size_, piece.iov_base, piece.iov_len);
    joined_size_ += piece.iov_len;
  }
  return joined_last_;
}

std::span<const ssize_t> socket_batch::submit() {
  std::fill_n(results_.begin(), size_, not_done);
  if (size_ >= worth_it && may_go_together()) submit_together();
  for (size_t i = 0; i < size_; ++i)
    if (results_[i] == not_done) results_[i] = do_one(operations_[i]);
  pieces_.clear();
  joined_from_.clear();
  joined_size_ = 0;
  return {results_.data(), std::exchange(size_, 0)};
}

bool socket_batch::may_go_together() {
  if (!std::exchange(asked_, true)) {
    ring_ = uring::open(room);
    if (!ring_) spdlog::info("io_uring is not there or not allowed: each send and receive is a system call of its own");
  }
  return ring_ != nullptr;
}

void socket_batch::submit_together() {
  for (size_t i = 0; i < size_; ++i) {
    auto& entry = ring_->next();
    prepare(operations_[i], entry);
    entry.user_data = i;
  }
  const bool good = ring_->run();
  for (io_uring_cqe done; ring_->take(done);) results_[done.user_data] = done.res;
  if (!good) ring_.reset();
}

msghdr socket_batch::message_of(const operation& what) {
  msghdr message{};
  message.msg_iov = pieces_.data() + what.first;
  message.msg_iovlen = what.count;
  return message;
}

void socket_batch::prepare(operation& what, io_uring_sqe& entry) {
  entry.fd = what.socket;
  entry.msg_flags = flags;
  if (what.count == 1) {
    auto& piece = pieces_[what.first];
    entry.opcode = what.receives ? IORING_OP_RECV : IORING_OP_SEND;
    entry.addr = reinterpret_cast<uintptr_t>(piece.iov_base);
    entry.len = static_cast<uint32_t>(std::min(piece.iov_len, size_t{INT32_MAX}));
    return;
  }
  what.message = message_of(what);
  entry.opcode = IORING_OP_SENDMSG;
  entry.addr = reinterpret_cast<uintptr_t>(&what.message);
  entry.len = 1;
}

ssize_t socket_batch::do_one(const operation& what) {
  auto& piece = pieces_[what.first];
  ssize_t done;
  if (what.receives) {
    done = ::recv(what.socket, piece.iov_base, piece.iov_len, flags);
  } else if (what.count == 1) {
    done = ::send(what.socket, piece.iov_base, piece.iov_len, flags);
  } else {
    const auto message = message_of(what);
    done = ::sendmsg(what.socket, &message, flags);
  }
  return done < 0 ? -errno : done;
}

} // namespace stibium::io
