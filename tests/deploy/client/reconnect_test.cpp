#include "deploy/client/line_memory.hpp"
#include "deploy/client/reconnect.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace stibium::client;
using namespace std::chrono_literals;

namespace {

size_t known(const std::vector<std::string_view>& seen, const std::vector<std::string_view>& backlog) {
  line_memory memory;
  for (const auto line : seen) memory.add(line);
  return memory.known_in(backlog);
}

} // namespace

TEST_CASE("line memory: of a backlog that overlaps only the rest is new") {
  CHECK(known({"a", "b", "c"}, {"a", "b", "c", "d"}) == 3);
  CHECK(known({"a", "b", "c"}, {"a", "b", "c"}) == 3);
  // The oldest lines have gone from the backlog.
  CHECK(known({"a", "b", "c"}, {"c", "d"}) == 1);
  CHECK(known({"a", "b", "c"}, {"b", "c", "d"}) == 2);
}

TEST_CASE("line memory: equal lines are counted, not taken for one") {
  CHECK(known({"a", "a", "a"}, {"a", "a", "a", "a", "a"}) == 3);
  CHECK(known({"a", "b", "a"}, {"a", "b", "a", "b", "a"}) == 3);
  CHECK(known({"x", "a", "a", "b", "a", "a"}, {"a", "a", "b", "a", "a", "c"}) == 5);
  CHECK(known({"a", "a", "b"}, {"a", "b", "c"}) == 2);
}

TEST_CASE("line memory: nothing is known of another log, nor of one whose lines have all gone") {
  CHECK(known({"a", "b", "c"}, {"x", "y"}) == 0);
  CHECK(known({"a", "b", "c"}, {"b", "x"}) == 0);
  CHECK(known({"a", "b", "c"}, {}) == 0);
  CHECK(known({}, {"a"}) == 0);
  CHECK(line_memory{}.empty());
}

TEST_CASE("line memory: it is bounded") {
  line_memory memory;
  for (size_t i = 0; i < line_memory::max_lines + 10; ++i) memory.add(std::to_string(i));
  const auto forgotten = std::to_string(9);
  CHECK(memory.known_in({forgotten}) == 0);
  const auto last = std::to_string(line_memory::max_lines + 9);
  CHECK(memory.known_in({last, "new"}) == 1);
}

TEST_CASE("backoff: pauses double up to the longest, shortened by up to a half") {
  backoff longest;
  CHECK(longest.next(1) == 500ms);
  CHECK(longest.next(1) == 1s);
  CHECK(longest.next(1) == 2s);
  CHECK(longest.next(1) == 4s);
  CHECK(longest.next(1) == 8s);
  CHECK(longest.next(1) == 10s);
  CHECK(longest.next(1) == 10s);
  backoff shortest;
  CHECK(shortest.next(0) == 250ms);
  CHECK(shortest.next(0.5) == 750ms);
}
