#include "protocol/antimony/events.hpp"
#include "protocol/antimony/time_text.hpp"

#include <doctest/doctest.h>

using namespace stibium::antimony;
using namespace std::chrono;

TEST_CASE("events: acks") {
  CHECK(null_payload() == R"({"payload":null})");
  CHECK(text_payload("a-b") == R"({"payload":"a-b"})");
  CHECK(shells_payload({}) == R"({"payload":[]})");
  CHECK(shells_payload({{"1", "n1"}, {"2", "n\"2"}}) ==
        R"({"payload":[{"id":"1","node":"n1"},{"id":"2","node":"n\"2"}]})");
  CHECK(error_payload(error_code::shell_limit, "20 shells") == R"({"code":5008,"message":"20 shells"})");
}

TEST_CASE("events: a status message has its time with milliseconds and a log content") {
  status_event event{"u", system_clock::time_point{1714552200250ms}, "lab ping", "up\n", "", 2};
  CHECK(status_payload(event) == R"({"payload":{"id":"u","timestamp":"2024-05-01T08:30:00.250Z","source":"lab ping",)"
                                 R"("content":"up\n","logContent":"up\n","severity":2}})");
  event.log_content = "more";
  CHECK(status_payload(event).find(R"("logContent":"more")") != std::string::npos);
}

TEST_CASE("events: a lab update names the lab, or none for all") {
  CHECK(lab_update_payload("L") == R"({"payload":{"labId":"L"}})");
  CHECK(lab_update_payload("") == R"({"payload":{"labId":""}})");
}

TEST_CASE("events: a shell command is there bare and under payload") {
  const std::string fields = R"("labId":"L","node":"n","shellId":"S","command":0,"message":"broke")";
  CHECK(shell_payload({"L", "n", "S", 0, "broke"}) == "{" + fields + R"(,"payload":{)" + fields + "}}");
}

TEST_CASE("events: what is not UTF-8 is replaced") {
  CHECK(error_payload(error_code::generic, "\xC3(") == "{\"code\":5000,\"message\":\"\xEF\xBF\xBD(\"}");
  CHECK(text_payload("\xFF") == "{\"payload\":\"\xEF\xBF\xBD\"}");
}

TEST_CASE("times: ISO 8601 is read and written") {
  const auto at = [](const char* text) {
    const auto got = parse_iso8601(text);
    return got ? iso8601(*got) : std::string{"nothing"};
  };
  CHECK(at("2024-05-01") == "2024-05-01T00:00:00.000Z");
  CHECK(at("2024-05-01T08:30") == "2024-05-01T08:30:00.000Z");
  CHECK(at("2024-05-01 08:30:15") == "2024-05-01T08:30:15.000Z");
  CHECK(at("2024-05-01T08:30:00.25Z") == "2024-05-01T08:30:00.250Z");
  CHECK(at("2024-05-01T08:30:00.123456789Z") == "2024-05-01T08:30:00.123Z");
  CHECK(*parse_iso8601("2024-05-01T08:30:00.123456789Z") ==
        *parse_iso8601("2024-05-01T08:30:00Z") + std::chrono::nanoseconds{123456789});
  CHECK(at("2024-05-01T00:30:00+02:00") == "2024-04-30T22:30:00.000Z");
  CHECK(at("2024-02-29T23:59:59-0130") == "2024-03-01T01:29:59.000Z");
  for (const auto* bad : {"", "2024", "2024-13-01", "2023-02-29", "2024-05-01T", "2024-05-01T24:00", "2024-05-01T08:60",
                          "2024-05-01T08:30:61Z", "2024-05-01T08:30:00.Z", "2024-05-01T08:30Zx", "2024-05-01T08:30+2",
                          "1969-01-01", "2300-01-01", "tomorrow", "2024-5-1"}) {
    CAPTURE(bad);
    CHECK(at(bad) == "nothing");
  }
}
