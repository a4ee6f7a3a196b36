#include "actors/log_stream.hpp"
#include "tests/actors/fixture.hpp"
#include "tests/actors/follower.hpp"

#include <random>

using namespace stibium;
using namespace stibium::test;

namespace {

struct log_fixture : actor_fixture {
  log_stream_actor make(limits bounds = {}) { return spawn(log_stream, log_stream_setup{bounds, {}, false}); }
  subscription from(uint64_t connection, std::string nsp = "/logs/a") {
    return {gateway, {connection}, std::move(nsp), "sid", "pid", {}, "fresh sid", "fresh pid"};
  }
  void say(const log_stream_actor& log, std::vector<std::string> lines) {
    CHECK(command(log, log_lines{std::move(lines)}) == caf::none);
  }
};

/// A spool that answers when the test says so.
struct slow_spool {
  std::deque<caf::response_promise> waiting;
  std::vector<log_lines> written;
  std::optional<caf::typed_response_promise<log_lines>> load;
  int resets = 0;
};

/// Takes the answers as messages, because promises must be delivered by the actor that made them.
using told_spool_actor = spool_actor::extend<caf::reacts_to<atom::tick>, caf::reacts_to<atom::tick, log_lines>>;

told_spool_actor::behavior_type slow(told_spool_actor::pointer self, std::shared_ptr<slow_spool> rec) {
  return {[=](atom::load) {
            rec->load = self->make_response_promise<log_lines>();
            return *rec->load;
          },
          [=](const log_lines& lines) -> caf::result<void> {
            rec->written.push_back(lines);
            rec->waiting.push_back(self->make_response_promise());
            return caf::delegated<void>{};
          },
          [=](atom::reset) { ++rec->resets; },
          [=](atom::tick) {
            rec->waiting.front().deliver(caf::unit);
            rec->waiting.pop_front();
          },
          [=](atom::tick, const log_lines& stored) { rec->load->deliver(stored); }};
}

} // namespace

TEST_CASE_FIXTURE(log_fixture, "log stream: a subscriber gets the backlog, then what follows") {
  auto log = make();
  say(log, {"one", "two"});
  CHECK(command(log, from(1)) == caf::none);
  say(log, {"three"});
  REQUIRE(gateway_heard->joined.size() == 1);
  const auto& join = gateway_heard->joined[0];
  CHECK(join.nsp == "/logs/a");
  CHECK(join.sid == "sid");
  CHECK(join.pid == "pid");
  CHECK(join.policy == overflow::skip);
  CHECK_FALSE(join.resumed);
  CHECK(texts(join.snapshot->entries) == R"("one""two")");
  REQUIRE(gateway_heard->data.size() == 1);
  CHECK(texts(*gateway_heard->data[0].entries) == R"("three")");
  CHECK(gateway_heard->data[0].entries->front().seq == join.snapshot->last_seq + 1);
  CHECK(gateway_heard->data[0].stream == join.stream);
}

TEST_CASE_FIXTURE(log_fixture, "log stream: an empty log has an empty backlog") {
  auto log = make();
  CHECK(command(log, from(1)) == caf::none);
  CHECK(gateway_heard->joined.at(0).snapshot->entries.empty());
}

TEST_CASE_FIXTURE(log_fixture, "log stream: a batch goes once to each gateway, however many follow") {
  auto log = make();
  auto other_heard = std::make_shared<gateway_record>();
  auto other = make_gateway(other_heard);
  for (uint64_t i = 1; i <= 50; ++i) CHECK(command(log, from(i)) == caf::none);
  auto far = from(99);
  far.gateway = other;
  CHECK(command(log, far) == caf::none);
  say(log, {"a", "b", "c"});
  REQUIRE(gateway_heard->data.size() == 1);
  REQUIRE(other_heard->data.size() == 1);
  CHECK(gateway_heard->data[0].entries == other_heard->data[0].entries); // the same memory
  CHECK(gateway_heard->data[0].entries->size() == 3);
  *other_heard = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: nothing is sent to a gateway without followers") {
  auto log = make();
  CHECK(command(log, from(1)) == caf::none);
  CHECK(command(log, from(1, "/logs/a/alias")) == caf::none);
  CHECK(command(log, leave_stream{{}, {1}, "/logs/a"}) == caf::none);
  say(log, {"still followed under the other name"});
  CHECK(gateway_heard->data.size() == 1);
  CHECK(command(log, leave_stream{{}, {1}, "/logs/a/alias"}) == caf::none);
  CHECK(command(log, leave_stream{{}, {1}, "/logs/a/alias"}) == caf::none);
  say(log, {"to nobody"});
  CHECK(gateway_heard->data.size() == 1);
}

TEST_CASE_FIXTURE(log_fixture, "log stream: a gateway that goes down takes its followers along") {
  auto log = make();
  auto other_heard = std::make_shared<gateway_record>();
  auto far = from(1);
  far.gateway = make_gateway(other_heard);
  CHECK(command(log, far) == caf::none);
  CHECK(command(log, from(2)) == caf::none);
  caf::anon_send_exit(far.gateway, caf::exit_reason::kill);
  run();
  say(log, {"x"});
  CHECK(gateway_heard->data.size() == 1);
  CHECK(other_heard->data.empty());
  *other_heard = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: lines are cleaned, cut and encoded") {
  limits bounds;
  bounds.line_bytes = 8;
  auto log = make(bounds);
  say(log, {"cr\r", "bad\xFF", "qu\"o\\te", "1234567\xC3\xA4y", "", "\x1b[1m"});
  CHECK(command(log, from(1)) == caf::none);
  CHECK(texts(gateway_heard->joined[0].snapshot->entries) ==
        "\"cr\"\"bad\xEF\xBF\xBD\"\"qu\\\"o\\\\te\"\"1234567\"\"\xC3\xA4y\"\"\"\"\\u001b[1m\"");
}

TEST_CASE_FIXTURE(log_fixture, "log stream: the backlog is bounded, oldest first, and numbers go on") {
  limits bounds;
  bounds.backlog_lines = 3;
  auto log = make(bounds);
  say(log, {"a", "b"});
  say(log, {"c", "d"});
  CHECK(command(log, from(1)) == caf::none);
  CHECK(texts(gateway_heard->joined[0].snapshot->entries) == R"("b""c""d")");
  CHECK(command(log, atom::reset_v) == caf::none);
  say(log, {"e"});
  CHECK(command(log, from(2)) == caf::none);
  const auto& again = gateway_heard->joined[1].snapshot;
  CHECK(texts(again->entries) == R"("e")");
  CHECK(again->last_seq == gateway_heard->joined[0].snapshot->last_seq + 1);
  CHECK(texts(*gateway_heard->data[0].entries) == R"("e")"); // followers stay
}

TEST_CASE_FIXTURE(log_fixture, "log stream: who resumes gets what it missed under its old names") {
  limits bounds;
  bounds.backlog_lines = 3;
  auto log = make(bounds);
  say(log, {"a", "b", "c", "d"});
  CHECK(command(log, from(1)) == caf::none);
  const auto last = gateway_heard->joined[0].snapshot->last_seq;
  auto back = from(2);
  back.resume_after = last - 2;
  CHECK(command(log, back) == caf::none);
  CHECK(gateway_heard->joined[1].resumed);
  CHECK(gateway_heard->joined[1].sid == "sid");
  CHECK(gateway_heard->joined[1].pid == "pid");
  CHECK(texts(gateway_heard->joined[1].snapshot->entries) == R"("c""d")");
  for (const auto gone : {last - 4, last + 1, uint64_t{0}}) {
    back.resume_after = gone;
    CHECK(command(log, back) == caf::none);
    const auto& fresh = gateway_heard->joined.back();
    CHECK_FALSE(fresh.resumed);
    CHECK(fresh.sid == "fresh sid");
    CHECK(fresh.pid == "fresh pid");
    CHECK(texts(fresh.snapshot->entries) == R"("b""c""d")");
  }
}

TEST_CASE_FIXTURE(log_fixture, "log stream: its end takes the namespace from its followers, whatever the reason") {
  for (const bool on_purpose : {true, false}) {
    auto log = make();
    CHECK(command(log, from(1)) == caf::none);
    if (on_purpose)
      CHECK(command(log, atom::close_v) == caf::none);
    else
      caf::anon_send_exit(log, caf::exit_reason::kill);
    run();
    REQUIRE_FALSE(gateway_heard->streams_ended.empty());
    CHECK(gateway_heard->streams_ended.back() == gateway_heard->joined.back().stream);
    CHECK(command(log, from(1)) == caf::sec::request_receiver_down);
  }
}

TEST_CASE_FIXTURE(log_fixture, "log stream: what was spooled is there before the first subscriber is answered") {
  auto rec = std::make_shared<slow_spool>();
  auto spool_of_it = spawn(slow, rec);
  auto log = spawn(log_stream, log_stream_setup{{}, spool_of_it, true});
  auto answer = self->request(log, caf::infinite, from(1));
  say(log, {"new"});
  CHECK(gateway_heard->joined.empty());
  CHECK_FALSE(self->has_next_message());
  caf::anon_send(spool_of_it, atom::tick_v, log_lines{{"old 1", "old 2"}});
  run();
  answer.receive([] {}, [](caf::error&) { FAIL("the subscription must succeed"); });
  REQUIRE(gateway_heard->joined.size() == 1);
  CHECK(texts(gateway_heard->joined[0].snapshot->entries) == R"("old 1""old 2""new")");
  REQUIRE(rec->written.size() == 1); // what came from the spool is not written again
  CHECK(rec->written[0].lines == std::vector<std::string>{"new"});
  *rec = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: a new log while the old one is loaded does not bring it back") {
  auto rec = std::make_shared<slow_spool>();
  auto spool_of_it = spawn(slow, rec);
  auto log = spawn(log_stream, log_stream_setup{{}, spool_of_it, true});
  say(log, {"of the old log"});
  CHECK(command(log, atom::reset_v) == caf::none);
  say(log, {"of the new log"});
  caf::anon_send(spool_of_it, atom::tick_v, log_lines{{"old"}});
  CHECK(command(log, from(1)) == caf::none);
  CHECK(texts(gateway_heard->joined[0].snapshot->entries) == R"("of the new log")");
  CHECK(rec->resets == 1);
  *rec = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: a spool that does not load in time is told of, and the log goes on") {
  auto rec = std::make_shared<slow_spool>();
  auto spool_of_it = spawn(slow, rec);
  auto log = spawn(log_stream, log_stream_setup{{}, spool_of_it, true});
  auto answer = self->request(log, caf::infinite, from(1));
  run();
  advance(log_stream_state::load_deadline);
  answer.receive([] {}, [](caf::error&) { FAIL("the subscription must succeed"); });
  CHECK(texts(gateway_heard->joined.at(0).snapshot->entries).find("cannot be read") != std::string::npos);
  *rec = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: subscriptions that wait are bounded, and answered when it dies") {
  auto rec = std::make_shared<slow_spool>();
  auto spool_of_it = spawn(slow, rec);
  auto log = spawn(log_stream, log_stream_setup{{}, spool_of_it, true});
  for (size_t i = 0; i < log_stream_state::max_waiting; ++i) self->send(log, from(i + 1));
  CHECK(command(log, from(5000)) == ec::queue_full);
  *rec = {};
  auto spool_of_second = spawn(slow, rec);
  auto second = spawn(log_stream, log_stream_setup{{}, spool_of_second, true});
  auto answer = self->request(second, caf::infinite, from(1));
  run();
  caf::anon_send_exit(second, caf::exit_reason::kill);
  run();
  answer.receive([] { FAIL("nothing was joined"); }, [](caf::error& err) { CHECK(err == ec::namespace_not_found); });
  *rec = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: a slow spool gets larger batches and delays no follower") {
  auto rec = std::make_shared<slow_spool>();
  auto spool_of_it = spawn(slow, rec);
  auto log = spawn(log_stream, log_stream_setup{{}, spool_of_it, false});
  CHECK(command(log, from(1)) == caf::none);
  for (int i = 0; i < 100; ++i) say(log, {std::to_string(i)});
  CHECK(gateway_heard->data.size() == 100);
  REQUIRE(rec->written.size() == 1); // one request at a time
  caf::anon_send(spool_of_it, atom::tick_v);
  run();
  REQUIRE(rec->written.size() == 2);
  CHECK(rec->written[1].lines.size() == 99);
  caf::anon_send(spool_of_it, atom::tick_v);
  run();
  CHECK(rec->written.size() == 2);
  *rec = {};
}

TEST_CASE_FIXTURE(log_fixture,
                  "log stream: what waits for the spool is bounded like the backlog, and not lost by a close") {
  auto rec = std::make_shared<slow_spool>();
  limits bounds;
  bounds.backlog_lines = 10;
  auto spool_of_it = spawn(slow, rec);
  auto log = spawn(log_stream, log_stream_setup{bounds, spool_of_it, false});
  for (int i = 0; i < 100; ++i) say(log, {std::to_string(i)});
  CHECK(command(log, atom::close_v) == caf::none);
  REQUIRE(rec->written.size() == 2);
  CHECK(rec->written[1].lines.size() == 10);
  CHECK(rec->written[1].lines.back() == "99");
  *rec = {};
}

TEST_CASE_FIXTURE(log_fixture, "log stream: a spool that fails is told of once, and nobody misses a line") {
  auto dying = spawn([](spool_actor::pointer) -> spool_actor::behavior_type {
    return {[](atom::load) { return log_lines{}; },
            [](const log_lines&) -> caf::result<void> { return failure(ec::storage_failed, "disk full"); },
            [](atom::reset) {}};
  });
  auto log = spawn(log_stream, log_stream_setup{{}, dying, false});
  for (const auto* line : {"a", "b"}) say(log, {line});
  caf::anon_send_exit(dying, caf::exit_reason::kill);
  run();
  say(log, {"c"});
  CHECK(command(log, from(1)) == caf::none);
  CHECK(texts(gateway_heard->joined[0].snapshot->entries) ==
        R"("a""stibium: this log is not being kept on disk: disk full""b""c")");
}

TEST_CASE_FIXTURE(log_fixture, "log stream: whoever joins and leaves when, sees every line once and in order") {
  std::mt19937 random{4711};
  limits bounds;
  bounds.backlog_lines = 100000;
  auto log = make(bounds);
  std::map<uint64_t, follower> followers; // by connection
  int lines = 0;
  for (uint64_t step = 1; step <= 2000; ++step) {
    const auto dice = random() % 10;
    if (dice < 6) {
      log_lines batch;
      for (auto n = random() % 4 + 1; n > 0; --n) batch.lines.push_back(std::to_string(lines++));
      caf::anon_send(log, batch);
    } else if (dice < 8) {
      caf::anon_send(log, from(step));
      followers[step];
    } else if (!followers.empty()) {
      const auto who = std::next(followers.begin(), static_cast<ptrdiff_t>(random() % followers.size()))->first;
      run();
      replay(*gateway_heard, followers);
      caf::anon_send(log, leave_stream{{}, {who}, "/logs/a"});
      if (random() % 2 == 0 && followers[who].joined) { // it comes back later, on another connection
        auto again = from(step + 100000);
        again.resume_after = followers[who].last_seq;
        for (auto n = random() % 3; n > 0; --n) caf::anon_send(log, log_lines{{std::to_string(lines++)}});
        caf::anon_send(log, again);
        followers[step + 100000] = followers[who];
        followers[step + 100000].joined = false;
      }
      followers.erase(who);
    }
    if (dice == 0) run();
  }
  run();
  replay(*gateway_heard, followers);
  CHECK(followers.size() > 10);
  std::string expected;
  for (int i = 0; i < lines; ++i) expected += '"' + std::to_string(i) + '"';
  for (const auto& [connection, who] : followers) CHECK(who.seen == expected);
}
