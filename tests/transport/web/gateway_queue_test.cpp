#include "tests/transport/web/web_fixture.hpp"

#include <boost/asio/post.hpp>
#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <future>

using namespace stibium;
using namespace stibium::tests;
using namespace std::chrono_literals;

namespace {

constexpr size_t small_queue = 64 * 1024;
constexpr int small_window = 4096;

/// A stream with one client that may be slow and one that reads.
struct stream_fixture : web_fixture {
  void join(loopback_client& with, size_t n, overflow policy) {
    with.text("40/stream");
    REQUIRE(heard.has("connect /stream ", n + 1));
    caf::anon_send(client(n).gateway, join_stream{client(n).connection, "/stream", "s", "", stream, source, policy,
                                                  false, std::make_shared<stream_snapshot>()});
    REQUIRE(with.message().starts_with("40/stream"));
    REQUIRE(with.message() == R"(42/stream,["backlog",[]])");
  }

  static std::string line_of(const std::string& message) { return between(message, "[\"data\",\"", "\""); }

  stream_id stream = next_stream_id();
  stream_owner_actor source;
};

} // namespace

TEST_CASE_FIXTURE(stream_fixture, "queues: a log follower that stalls loses lines and is told, the others lose none") {
  options.send_queue_bytes = small_queue;
  serve();
  source = owner();
  auto slow = websocket(small_window);
  join(slow, 0, overflow::skip);
  auto quick = websocket();
  join(quick, 1, overflow::skip);
  constexpr uint64_t batches = 400, lines = 100;
  for (uint64_t i = 0; i < batches; ++i) {
    publish(stream, client(0), i * lines + 1, lines, 1000);
    for (uint64_t k = 1; k <= lines; ++k) REQUIRE(std::stoull(line_of(quick.message())) == i * lines + k);
  }
  CHECK(server->counted().lines_skipped > 0);
  // What the slow one reads now is complete and in order, with each gap said.
  uint64_t next = 1;
  size_t gaps = 0;
  publish(stream, client(0), batches * lines + 1, 1, 1000);
  while (next <= batches * lines) {
    auto line = line_of(slow.message());
    if (line.starts_with("\xe2\x80\xa6 ")) {
      CHECK(line.ends_with(" lines skipped \xe2\x80\xa6"));
      next += std::stoull(line.substr(4));
      ++gaps;
    } else {
      REQUIRE(std::stoull(line) == next);
      ++next;
    }
  }
  CHECK(gaps >= 1);
  publish(stream, client(0), 1000000, 1, 1000);
  while (line_of(slow.message()).substr(0, 7) != "1000000") {
  }
  CHECK(heard.count("congested") == 0);
}

TEST_CASE_FIXTURE(stream_fixture, "queues: a shell's owner pauses while its client stalls, and nothing is lost") {
  options.send_queue_bytes = small_queue;
  serve();
  source = owner();
  auto slow = websocket(small_window);
  join(slow, 0, overflow::pause);
  uint64_t sent = 0;
  // The kernel takes some megabytes before the queue begins to fill.
  while (heard.count("congested") == 0) {
    REQUIRE(sent < 200000);
    publish(stream, client(0), sent + 1, 10, 1000);
    sent += 10;
    // The gateway has taken it when it answers something that came later.
    auto before = heard.count("leave /probe");
    caf::anon_send(client(0).gateway,
                   open_namespace{{0}, "/probe", "s", "", caf::actor_cast<socket_owner_actor>(source)});
    REQUIRE(heard.has("leave /probe", before + 1));
  }
  CHECK(heard.count("drained") == 0);
  for (uint64_t i = 1; i <= sent; ++i) REQUIRE(std::stoull(line_of(slow.message())) == i);
  CHECK(heard.has("drained"));
  CHECK(heard.count("congested") == 1);
}

TEST_CASE_FIXTURE(stream_fixture, "queues: whoever never reads is closed at the hard limit") {
  options.send_queue_bytes = small_queue;
  serve();
  source = owner();
  auto slow = websocket(small_window);
  join(slow, 0, overflow::pause);
  for (uint64_t i = 0; i < 200; ++i) publish(stream, client(0), i * 100 + 1, 100, 1000); // its owner does not pause
  CHECK(heard.has("lost slow client"));
  CHECK(heard.has("leave /stream"));
  CHECK(slow.closed());
  CHECK(server->counted().closes[static_cast<size_t>(web::close_cause::slow_client)] == 1);
}

TEST_CASE_FIXTURE(stream_fixture, "queues: a backlog larger than all limits is sent") {
  options.send_queue_bytes = small_queue;
  serve();
  source = owner();
  auto client = websocket(small_window);
  client.text("40/stream");
  REQUIRE(heard.has("connect /stream "));
  auto snapshot = std::make_shared<stream_snapshot>();
  for (uint64_t i = 1; i <= 10000; ++i) snapshot->entries.push_back({i, "\"" + std::string(1000, 'x') + "\""});
  snapshot->last_seq = 10000;
  auto known = this->client();
  caf::anon_send(known.gateway,
                 join_stream{known.connection, "/stream", "s", "", stream, source, overflow::skip, false, snapshot});
  publish(stream, known, 10001, 1);
  CHECK(client.message() == R"(40/stream,{"sid":"s"})");
  CHECK(client.message().size() == 10000 * 1003 + 23);
  CHECK(client.message() == R"(42/stream,["data","10001"])");
  CHECK(server->counted().lines_skipped == 0);
}

TEST_CASE_FIXTURE(web_fixture, "queues: of events the oldest are dropped, acks are not") {
  options.send_queue_bytes = small_queue;
  serve();
  auto slow = connected("/n", small_window);
  auto known = client();
  constexpr int events = 20000;
  std::string filler(1000, 'x');
  for (int i = 1; i <= events; ++i)
    caf::anon_send(known.gateway,
                   emit_event{{known.connection}, "/n", "e", "\"" + std::to_string(i) + "-" + filler + "\"", {}});
  caf::anon_send(known.gateway, reply{known.connection, "/n", 1, "0", {}});
  int last = 0, got = 0;
  for (;;) {
    auto message = slow.message();
    if (message.starts_with("43")) break;
    auto n = std::stoi(between(message, "[\"e\",\"", "-"));
    REQUIRE(n > last);
    last = n;
    ++got;
  }
  CHECK(last == events);
  CHECK(got < events);
  CHECK(got + static_cast<int>(server->counted().bulletins_dropped) == events);
}

TEST_CASE_FIXTURE(web_fixture, "queues: a client that asks and does not read is not read from, and gets every answer") {
  options.send_queue_bytes = small_queue;
  options.max_payload = 100000;
  serve();
  auto greedy = connected("/n", small_window);
  // More than the kernel holds for both of them, each way.
  constexpr int questions = 400;
  std::string filler(50000, 'x');
  std::thread asks{[&] {
    for (int i = 0; i < questions; ++i) greedy.text("42/n," + std::to_string(i) + "[\"" + filler + "\"]");
  }};
  // Where the queue is full, the server stops reading; it goes on when the client reads.
  auto other = connected("/n");
  other.text("42/n,1[\"others go on\"]");
  CHECK(other.message() == "43/n,1[[\"others go on\"]]");
  for (int i = 0; i < questions; ++i) REQUIRE(greedy.message().starts_with("43/n," + std::to_string(i) + "[[\"xxx"));
  asks.join();
  CHECK(server->counted().closes[static_cast<size_t>(web::close_cause::slow_client)] == 0);
}

TEST_CASE_FIXTURE(stream_fixture, "queues: a polling client that stalls is bounded like the others") {
  options.send_queue_bytes = small_queue;
  serve();
  source = owner();
  loopback_client poller{port()};
  auto sid = between(poller.request("GET", "/socket.io/?EIO=4&transport=polling"), "\"sid\":\"", "\"");
  auto url = "/socket.io/?EIO=4&transport=polling&sid=" + sid;
  CHECK(body_of(poller.request("POST", url, {}, "40/stream")) == "ok");
  REQUIRE(heard.has("connect /stream "));
  auto known = client();
  caf::anon_send(known.gateway, join_stream{known.connection, "/stream", "s", "", stream, source, overflow::skip, false,
                                            std::make_shared<stream_snapshot>()});
  for (uint64_t i = 0; i < 200; ++i) publish(stream, known, i * 10 + 1, 10, 1000);
  publish(stream, known, 2001, 1, 1000);
  std::string all;
  uint64_t next = 1;
  while (next <= 2001) {
    auto payload = body_of(poller.request("GET", url));
    std::string_view rest = payload;
    while (!rest.empty()) {
      auto line = line_of(std::string{rest.substr(0, rest.find('\x1e'))});
      rest.remove_prefix(std::min(rest.find('\x1e'), rest.size() - 1) + 1);
      if (line.starts_with("\xe2\x80\xa6 ")) {
        next += std::stoull(line.substr(4));
      } else if (!line.empty()) {
        REQUIRE(std::stoull(line) == next);
        ++next;
      }
    }
  }
  CHECK(server->counted().lines_skipped > 0);
}

TEST_CASE_FIXTURE(stream_fixture, "queues: what comes in one turn of the loop leaves with one write") {
  serve();
  source = owner();
  auto follower = websocket();
  join(follower, 0, overflow::skip);
  auto writes = [this] { // as the loop knows them between two turns
    std::promise<uint64_t> count;
    boost::asio::post(thread().context(), [&] { count.set_value(server->counted().flushes.load()); });
    return count.get_future().get();
  };
  const auto before = writes();
  std::promise<void> go;
  boost::asio::post(thread().context(), [ready = go.get_future().share()] { ready.wait(); });
  constexpr uint64_t lines = 50;
  for (uint64_t seq = 1; seq <= lines; ++seq) publish(stream, client(0), seq, 1);
  go.set_value();
  for (uint64_t seq = 1; seq <= lines; ++seq) REQUIRE(line_of(follower.message()) == std::to_string(seq));
  CHECK(writes() == before + 1);
}
