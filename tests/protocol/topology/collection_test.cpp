#include "protocol/antimony/time_text.hpp"
#include "protocol/topology/collection.hpp"

#include <doctest/doctest.h>

using namespace stibium::topology;
using stibium::antimony::iso8601;

TEST_CASE("collection: everything that it may say") {
  const auto got = read_collection("creator: alice\npublicDeploy: true\nschedule:\n  ping.clab.yml:\n    startTime: "
                                   "2024-05-01T08:00:00Z\n    endTime: 2024-05-01T10:00:00+01:00\n  b.clab.yml: "
                                   "{startTime: \"2024-06-01\"}\n");
  REQUIRE(got.value);
  CHECK(got.warnings.empty());
  CHECK(got.value->creator == "alice");
  CHECK(got.value->public_deploy);
  const auto& ping = got.value->schedules.at("ping.clab.yml");
  CHECK(iso8601(*ping.start) == "2024-05-01T08:00:00.000Z");
  CHECK(iso8601(*ping.end) == "2024-05-01T09:00:00.000Z");
  CHECK_FALSE(got.value->schedules.at("b.clab.yml").end);
}

TEST_CASE("collection: an empty file says nothing") {
  const auto got = read_collection("# nothing\n");
  REQUIRE(got.value);
  CHECK(got.value->creator.empty());
  CHECK_FALSE(got.value->public_deploy);
}

TEST_CASE("collection: unknown keys are told") {
  const auto got = read_collection("owner: bob\n");
  REQUIRE(got.value);
  REQUIRE(got.warnings.size() == 1);
  CHECK(to_string(got.warnings[0]) == "line 1, column 1: unknown key \"owner\" in the file is ignored");
}

TEST_CASE("collection: whatever is wrong is told with its place") {
  const struct {
    const char *text, *says;
  } cases[] = {
      {"[]", "must be a map"},
      {"creator: [a]\n", "line 1, column 10: creator must be a text"},
      {"publicDeploy: maybe\n", "publicDeploy must be true or false"},
      {"publicDeploy: \"true\"\n", "publicDeploy must be true or false"},
      {"schedule: x\n", "schedule must be a map"},
      {"schedule: {a: x}\n", "the schedule of a must be a map"},
      {"schedule: {a: {startTime: tomorrow}}\n", "startTime must be a time"},
      {"schedule: {a: {startTime: 2024-05-01, endTime: 2024-05-01}}\n", "endTime of a must be later"},
      {"creator: a\ncreator: b\n", "line 2, column 1: key \"creator\" is there twice"},
      {"creator: {\n", "line"},
  };
  for (const auto& [text, says] : cases) {
    CAPTURE(text);
    const auto got = read_collection(text);
    CHECK_FALSE(got.value);
    REQUIRE_FALSE(got.errors.empty());
    CHECK(to_string(got.errors[0]).find(says) != std::string::npos);
  }
}
