#include "actors/backlog.hpp"

#include <doctest/doctest.h>

using namespace stibium;

namespace {

constexpr stream_id stream{7};
const uint64_t first = first_seq(stream);

stream_entries literals(std::initializer_list<const char*> texts) {
  stream_entries entries;
  for (const auto* text : texts) entries.push_back({0, '"' + std::string{text} + '"'});
  return entries;
}

std::string texts(const stream_snapshot& snapshot) {
  std::string all;
  for (const auto& entry : snapshot.entries) all += entry.json;
  return all;
}

} // namespace

TEST_CASE("backlog: entries are numbered and shared") {
  backlog log{stream, 10, 1000};
  CHECK(log.all()->entries.empty());
  CHECK(log.all()->last_seq == first - 1);
  const auto sent = log.push(literals({"a", "b"}));
  CHECK((*sent)[0].seq == first);
  CHECK((*sent)[1].seq == first + 1);
  CHECK(texts(*log.all()) == R"("a""b")");
  CHECK(log.all()->last_seq == first + 1);
  CHECK(log.push({})->empty());
}

TEST_CASE("backlog: bounds drop the oldest") {
  backlog log{stream, 3, 1000};
  log.push(literals({"a", "b"}));
  log.push(literals({"c", "d"}));
  CHECK(texts(*log.all()) == R"("b""c""d")");
  backlog bytes{stream, 100, 8};
  bytes.push(literals({"aa", "bb"}));
  bytes.push(literals({"c"}));
  CHECK(texts(*bytes.all()) == R"("bb""c")");
  CHECK(bytes.bytes() == 7);
}

TEST_CASE("backlog: a batch larger than the bounds keeps its end, and is sent whole") {
  backlog log{stream, 2, 1000};
  log.push(literals({"x"}));
  CHECK(log.push(literals({"a", "b", "c"}))->size() == 3);
  CHECK(texts(*log.all()) == R"("b""c")");
  CHECK(log.all()->last_seq == first + 3);
  backlog tiny{stream, 10, 4};
  CHECK(tiny.push(literals({"too long"}))->size() == 1);
  CHECK(tiny.size() == 0);
  CHECK(tiny.after(first)->entries.empty());
  CHECK_FALSE(tiny.after(first - 1));
}

TEST_CASE("backlog: resuming gives what was missed, or nothing when some of it is gone") {
  backlog log{stream, 3, 1000};
  CHECK(log.after(first - 1)->entries.empty());
  log.push(literals({"a", "b", "c", "d"}));
  CHECK_FALSE(log.after(first - 1)); // "a" is gone
  CHECK(texts(*log.after(first)) == R"("b""c""d")");
  CHECK(texts(*log.after(first + 2)) == R"("d")");
  CHECK(log.after(first + 3)->entries.empty());
  CHECK_FALSE(log.after(first + 4));          // not there yet
  CHECK_FALSE(log.after(first_seq({6}) + 1)); // another stream's
  CHECK_FALSE(log.after(0));
}

TEST_CASE("backlog: a new log begins empty and goes on counting") {
  backlog log{stream, 3, 1000};
  log.push(literals({"a", "b"}));
  log.clear();
  CHECK(log.all()->entries.empty());
  CHECK(log.bytes() == 0);
  CHECK_FALSE(log.after(first));
  CHECK(log.after(first + 1)->entries.empty());
  CHECK((*log.push(literals({"c"})))[0].seq == first + 2);
}

TEST_CASE("backlog: old entries are merged; what is exact can be resumed") {
  backlog log{stream, 100000, 100000, 2};
  for (const auto* text : {"a", "b", "c", "d"}) log.push(literals({text}));
  CHECK(texts(*log.all()) == R"("ab""c""d")");
  CHECK(log.all()->last_seq == first + 3);
  CHECK(log.bytes() == 10);
  CHECK(texts(*log.after(first + 1)) == R"("c""d")");
  CHECK_FALSE(log.after(first));
}

TEST_CASE("backlog: merged chunks stay small and are the first to go") {
  backlog log{stream, 100000, 3 * backlog::merged_bytes, 1};
  for (int i = 0; i < 20000; ++i) log.push(literals({"xy"}));
  CHECK(log.bytes() <= 3 * backlog::merged_bytes);
  CHECK(log.bytes() > backlog::merged_bytes);
  for (const auto& entry : log.all()->entries) CHECK(entry.json.size() <= backlog::merged_bytes);
  CHECK(log.all()->entries.size() < 6);
}
