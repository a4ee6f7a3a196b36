#include "protocol/antimony/login_throttle.hpp"

#include <doctest/doctest.h>

using namespace stibium::antimony;
using namespace std::chrono_literals;

namespace {

const login_throttle::time begin{std::chrono::hours{1}};

void fail(login_throttle& tested, unsigned times, const std::string& client, const std::string& name,
          login_throttle::time when = begin) {
  for (unsigned i = 0; i < times; ++i) tested.failed(client, name, when);
}

} // namespace

TEST_CASE("login throttle: the fifth failure of a client makes it wait for a minute, whatever the names") {
  login_throttle tested;
  CHECK(tested.wait("10.0.0.1", "admin", begin) == 0s);
  for (unsigned i = 0; i < login_throttle::failures_per_client; ++i) {
    CHECK(tested.wait("10.0.0.1", "admin", begin) == 0s);
    tested.failed("10.0.0.1", "name" + std::to_string(i), begin);
  }
  CHECK(tested.wait("10.0.0.1", "admin", begin) == 60s);
  CHECK(tested.wait("10.0.0.2", "admin", begin) == 0s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 59'001ms) == 1s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 60s) == 0s);
}

TEST_CASE("login throttle: a name has to wait after failures from many clients") {
  login_throttle tested;
  for (unsigned i = 0; i < login_throttle::failures_per_name; ++i) {
    CHECK(tested.wait("10.0.0.200", "admin", begin) == 0s);
    tested.failed("10.0.1." + std::to_string(i), "admin", begin);
  }
  CHECK(tested.wait("10.0.0.200", "admin", begin) == 60s);
  CHECK(tested.wait("10.0.0.200", "alice", begin) == 0s);
}

TEST_CASE("login throttle: the minute begins anew with the failure that reaches the limit") {
  login_throttle tested;
  fail(tested, 4, "10.0.0.1", "admin");
  tested.failed("10.0.0.1", "admin", begin + 59s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 60s) == 59s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 119s) == 0s);
  // After that it has all its attempts again.
  fail(tested, 4, "10.0.0.1", "admin", begin + 119s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 119s) == 0s);
}

TEST_CASE("login throttle: failures are forgotten after a minute, and by a success") {
  login_throttle tested;
  fail(tested, 4, "10.0.0.1", "admin");
  tested.failed("10.0.0.1", "admin", begin + 60s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 60s) == 0s);
  fail(tested, 3, "10.0.0.1", "admin", begin + 60s);
  tested.succeeded("10.0.0.1", "admin");
  CHECK(tested.size() == 0);
  fail(tested, 4, "10.0.0.1", "admin", begin + 60s);
  CHECK(tested.wait("10.0.0.1", "admin", begin + 60s) == 0s);
}

TEST_CASE("login throttle: memory is bounded, and those who are held back stay so") {
  login_throttle tested;
  fail(tested, login_throttle::failures_per_name, "10.0.0.1", "admin");
  for (size_t i = 0; i < login_throttle::max_entries + 500; ++i)
    tested.failed("c" + std::to_string(i), "n" + std::to_string(i), begin + 1s);
  CHECK(tested.size() == 2 * login_throttle::max_entries);
  CHECK(tested.wait("10.0.0.1", "x", begin + 1s) > 0s);
  CHECK(tested.wait("x", "admin", begin + 1s) > 0s);
  // What has passed makes room first.
  tested.failed("late", "late", begin + 2min);
  CHECK(tested.size() == 2);
}

TEST_CASE("login throttle: long names take no more memory than others") {
  login_throttle tested;
  const std::string name(login_throttle::max_key_bytes, 'x');
  for (unsigned i = 0; i < login_throttle::failures_per_name; ++i)
    tested.failed("c" + std::to_string(i), name + std::string(1000 + i, 'y'), begin);
  CHECK(tested.wait("z", name + "z", begin) > 0s);
}
