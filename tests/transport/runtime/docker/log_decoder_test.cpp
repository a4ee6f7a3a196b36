#include "tests/transport/runtime/docker/fake_engine.hpp"
#include "transport/runtime/docker/event_decoder.hpp"
#include "transport/runtime/docker/log_decoder.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::docker;
using test::frame;
using texts = std::vector<std::string>;

namespace {

const std::string t1 = "2026-11-24T12:00:56.725426892Z", t2 = "2026-11-24T12:00:57.000000001Z";
constexpr int64_t ns1 = 1795521656'725426892, ns2 = 1795521657'000000001;

texts texts_in(const std::vector<log_line>& lines) {
  texts result;
  for (const auto& each : lines) result.push_back(each.text);
  return result;
}

std::vector<log_line> decode(bool multiplexed, std::string_view bytes, size_t step) {
  log_decoder decoder{multiplexed};
  std::vector<log_line> lines;
  for (size_t at = 0; at < bytes.size(); at += step) REQUIRE(decoder.feed(bytes.substr(at, step), lines));
  decoder.finish(lines);
  return lines;
}

log_line line(int64_t time, std::string text) { return {time, 1, 0, std::move(text)}; }

} // namespace

TEST_CASE("docker log lines: of a terminal, however they are cut") {
  const auto all = t1 + " hello\r\n" + t2 + " \r\n" + t2 + " a\rb\r\n" + t2 + " no end";
  for (size_t step = 1; step <= all.size(); ++step) {
    const auto lines = decode(false, all, step);
    REQUIRE(texts_in(lines) == texts{"hello", "", "a\rb", "no end"});
    REQUIRE(lines[0].time_ns == ns1);
    REQUIRE(lines[3].time_ns == ns2);
  }
}

TEST_CASE("docker log lines: of two streams that are mixed, however they are cut") {
  const auto all = frame(1, t1 + " part one, ") + frame(2, t1 + " error\n") + frame(1, t1 + " part two\n");
  for (size_t step = 1; step <= all.size(); ++step) {
    const auto lines = decode(true, all, step);
    REQUIRE(texts_in(lines) == texts{"error", "part one, part two"});
    REQUIRE(lines[0].stream == 2);
  }
}

TEST_CASE("docker log lines: chunks of a long line are one, and cut at the bound") {
  std::string all, wanted;
  for (char c = 'a'; c < 'k'; ++c) {
    all += t1 + " " + std::string(16384, c);
    wanted += std::string(16384, c);
  }
  all += "\r\n" + t2 + " next\r\n";
  for (const size_t step : {7ul, 4096ul, 16415ul, 1'000'000ul}) {
    const auto lines = decode(false, all, step);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].text.size() == max_log_line);
    CHECK(lines[1].part == 1);
    CHECK((lines[0].text + lines[1].text + lines[2].text == wanted));
    CHECK(lines[3].text == "next");
  }
  const auto exact = decode(false, t1 + " " + std::string(max_log_line, 'x') + "\n", 1000);
  CHECK(exact.size() == 1);
}

TEST_CASE("docker log lines: a line without end and times keeps memory bounded") {
  log_decoder decoder{false};
  std::vector<log_line> lines;
  const std::string piece(100'000, 'x');
  size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(decoder.feed(piece, lines));
    for (const auto& each : lines) bytes += each.text.size();
    lines.clear();
    REQUIRE(bytes + max_log_line + 100 > static_cast<size_t>(i + 1) * piece.size());
  }
  CHECK_FALSE(log_decoder{true}.feed(piece, lines));
}

TEST_CASE("docker log memory: reads on from a moment before, without the lines that were there") {
  log_memory memory;
  CHECK(memory.resume().empty());
  memory.remember(line(ns2, "b"));
  memory.remember(line(ns1, "a")); // a moment earlier, written later
  memory.remember(line(ns2, "same"));
  memory.remember(line(ns2, "same"));
  CHECK(memory.resume() == "1795521655.000000001");
  CHECK(memory.known(line(ns2, "b")));
  CHECK_FALSE(memory.known(line(ns1, "new")));
  CHECK(memory.known(line(ns1, "a")));
  CHECK(memory.known(line(ns2, "same")));
  CHECK(memory.known(line(ns2, "same")));
  CHECK_FALSE(memory.known(line(ns2, "same"))); // that many, no more
}

TEST_CASE("docker log memory: is bounded, and asks for no line that it has forgotten") {
  log_memory many; // at one moment
  constexpr size_t more = 500;
  for (size_t i = 0; i < log_memory_lines + more; ++i) many.remember(line(ns1 + static_cast<int64_t>(i), "x"));
  CHECK(many.resume() == "1795521656." + std::to_string(725426892 + more));
  CHECK_FALSE(many.known(line(ns1 + more - 1, "x")));
  CHECK(many.known(line(ns1 + more, "x")));

  log_memory slow; // a second between them
  const auto time = [](int i) { return ns1 + int64_t{1'000'000'000} * i; };
  for (int i = 0; i < 10; ++i) slow.remember(line(time(i), "x"));
  CHECK(slow.resume() == "1795521663.725426892");
  CHECK_FALSE(slow.known(line(time(6), "x")));
  for (int i = 7; i < 10; ++i) CHECK(slow.known(line(time(i), "x")));
}

TEST_CASE("docker events: however they are cut; others are skipped, broken ones are noticed") {
  const std::string all =
      R"({"Type":"container","Action":"die","Actor":{"ID":"ab","Attributes":{"exitCode":"1","name":"n"}},"timeNano":17})"
      "\n"
      R"({"Type":"network","Action":"connect","Actor":{"ID":"x"}})"
      "\n\r\n"
      R"({"Type":"container","Action":"start","Actor":{"ID":"cd","Attributes":null}})"
      "\n";
  for (size_t step = 1; step <= all.size(); ++step) {
    event_decoder decoder;
    std::vector<container_event> events;
    for (size_t at = 0; at < all.size(); at += step)
      REQUIRE(decoder.feed(std::string_view{all}.substr(at, step), events));
    REQUIRE(events.size() == 2);
    REQUIRE(events[0].action == "die");
    REQUIRE(events[0].attributes.at("exitCode") == "1");
    REQUIRE(events[0].time_ns == 17);
    REQUIRE(events[1].id == "cd");
  }
  std::vector<container_event> events;
  CHECK_FALSE(event_decoder{}.feed("no json\n", events));
  CHECK_FALSE(event_decoder{}.feed("[]\n", events));
  CHECK_FALSE(event_decoder{}.feed(std::string(max_event + 1, ' '), events));
  CHECK(events.empty());
}
