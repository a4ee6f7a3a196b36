#include "transport/io/first_failure.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace {

TEST_CASE("first failure: all have their turn, then the first exception is thrown, once") {
  stibium::io::first_failure failed;
  int turns = 0;
  failed.guard([&] { ++turns; });
  CHECK_NOTHROW(failed.rethrow());
  failed.guard([] { throw std::runtime_error{"one"}; });
  failed.guard([] { throw std::logic_error{"two"}; });
  failed.guard([&] { ++turns; });
  CHECK(turns == 2);
  CHECK_THROWS_WITH(failed.rethrow(), "one");
  CHECK_NOTHROW(failed.rethrow());
}

} // namespace
