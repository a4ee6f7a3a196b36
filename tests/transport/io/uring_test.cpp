#include "transport/io/uring.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <map>

namespace {

using stibium::io::uring;

TEST_CASE("io_uring: all operations of a run are over after it, also when one is refused, and there is room for more") {
  constexpr unsigned entries = 8;
  auto ring = uring::open(entries);
  if (!ring) {
    MESSAGE("not run: the kernel has no io_uring, or forbids it");
    return;
  }
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned i = 0; i < entries; ++i) {
      auto& entry = ring->next();
      CHECK(entry.user_data == 0); // blank
      entry.opcode = i == 2 ? 255 : IORING_OP_NOP;
      entry.user_data = round * 100 + i;
    }
    REQUIRE(ring->run());
    std::map<uint64_t, int> results;
    for (io_uring_cqe done; ring->take(done);) results[done.user_data] = done.res;
    CHECK(results.size() == entries);
    for (unsigned i = 0; i < entries; ++i) CHECK(results.at(round * 100 + i) == (i == 2 ? -EINVAL : 0));
  }
  CHECK(ring->run()); // nothing
  io_uring_cqe none;
  CHECK_FALSE(ring->take(none));
}

} // namespace
