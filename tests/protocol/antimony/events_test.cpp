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
  CHECK(refusal_payload("No Access", error_code::no_access, "x") ==
        R"({"message":"No Access","data":{"code":5403,"message":"x"}})");
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

TEST_CASE("events: what is not UTF-8 is replaced, the rest stays") {
  const std::string_view mark = "\xEF\xBF\xBD";
  const auto expect = [&](std::string_view in, std::string_view out) { CHECK(valid_utf8(in) == out); };
  expect("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  expect("a\xFF", std::string{"a"}.append(mark));
  expect("\xC3", mark);
  expect("\xE2\x82", std::string{mark}.append(mark));                                   // cut off
  expect("\xC0\x80", std::string{mark}.append(mark));                                   // overlong
  expect("\xE0\x80\x80", std::string{mark}.append(mark).append(mark));                  // overlong
  expect("\xED\xA0\x80", std::string{mark}.append(mark).append(mark));                  // surrogate
  expect("\xF4\x90\x80\x80", std::string{mark}.append(mark).append(mark).append(mark)); // past U+10FFFF
  CHECK(error_payload(error_code::generic, "\xC3(") == "{\"code\":5000,\"message\":\"\xEF\xBF\xBD(\"}");
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
  CHECK(at("2024-05-01T00:30:00+02:00") == "2024-04-30T22:30:00.000Z");
  CHECK(at("2024-02-29T23:59:59-0130") == "2024-03-01T01:29:59.000Z");
  for (const auto* bad : {"", "2024", "2024-13-01", "2023-02-29", "2024-05-01T", "2024-05-01T24:00", "2024-05-01T08:60",
                          "2024-05-01T08:30:61Z", "2024-05-01T08:30:00.Z", "2024-05-01T08:30Zx", "2024-05-01T08:30+2",
                          "1969-01-01", "2300-01-01", "tomorrow", "2024-5-1"}) {
    CAPTURE(bad);
    CHECK(at(bad) == "nothing");
  }
}
