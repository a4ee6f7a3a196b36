#include "transport/io/uring.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace stibium::io {

namespace {

unsigned load(unsigned& shared) { return std::atomic_ref{shared}.load(std::memory_order_acquire); }
void store(unsigned& shared, unsigned value) { std::atomic_ref{shared}.store(value, std::memory_order_release); }

} // namespace

uring::mapping::mapping(int descriptor, size_t bytes, off_t offset)
    : at(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, offset))
    , size(bytes) {
  if (at == MAP_FAILED) at = nullptr;
}

uring::mapping::~mapping() {
  if (at) ::munmap(at, size);
}

std::unique_ptr<uring> uring::open(unsigned entries) {
  io_uring_params made{};
  made.flags = IORING_SETUP_SUBMIT_ALL;
  const auto descriptor = static_cast<int>(::syscall(SYS_io_uring_setup, entries, &made)); // close-on-exec by itself
  if (descriptor < 0) return nullptr;
  std::unique_ptr<uring> ring{new uring(descriptor, made)};
  const bool one_mapping = made.features & IORING_FEAT_SINGLE_MMAP; // in every kernel that has the flag above
  return one_mapping && ring->mapped() ? std::move(ring) : nullptr;
}

uring::uring(int descriptor, const io_uring_params& made)
    : descriptor_(descriptor)
    , rings_(descriptor,
             std::max(made.sq_off.array + made.sq_entries * sizeof(unsigned),
                      made.cq_off.cqes + made.cq_entries * sizeof(io_uring_cqe)),
             IORING_OFF_SQ_RING)
    , entries_(descriptor, made.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES) {
  if (!mapped()) return;
  submitted_ = rings_.part<unsigned>(made.sq_off.tail);
  completed_ = rings_.part<unsigned>(made.cq_off.tail);
  taken_ = rings_.part<unsigned>(made.cq_off.head);
  submission_mask_ = *rings_.part<unsigned>(made.sq_off.ring_mask);
  completion_mask_ = *rings_.part<unsigned>(made.cq_off.ring_mask);
  submissions_ = entries_.part<io_uring_sqe>(0);
  completions_ = rings_.part<io_uring_cqe>(made.cq_off.cqes);
  // Entry and slot are the same always.
  for (unsigned i = 0; i < made.sq_entries; ++i) rings_.part<unsigned>(made.sq_off.array)[i] = i;
}

uring::~uring() { ::close(descriptor_); }

io_uring_sqe& uring::next() {
  auto& entry = submissions_[(*submitted_ + waiting_++) & submission_mask_];
  entry = {};
  return entry;
}

bool uring::run() {
  store(*submitted_, *submitted_ + waiting_);
  for (auto left = std::exchange(waiting_, 0); left > 0;) {
    const auto begun = ::syscall(SYS_io_uring_enter, descriptor_, left, left, IORING_ENTER_GETEVENTS, nullptr, 0);
    if (begun < 0 && errno == EINTR) continue;
    if (begun <= 0) return false;
    left -= static_cast<unsigned>(begun);
  }
  return true;
}

bool uring::take(io_uring_cqe& out) {
  const auto head = *taken_;
  if (head == load(*completed_)) return false;
  out = completions_[head & completion_mask_];
  store(*taken_, head + 1);
  return true;
}

} // namespace stibium::io
