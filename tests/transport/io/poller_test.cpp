#include "transport/io/poller.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using stibium::io::pollable;
using stibium::io::poller;

/// One end of a pair of sockets, watched; counts what it hears.
class end final : public pollable {
public:
  end() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_) == 0); }
  ~end() {
    ::close(pair_[0]);
    if (pair_[1] >= 0) ::close(pair_[1]);
  }
  end(const end&) = delete;
  end& operator=(const end&) = delete;

  void on_ready(uint32_t events) override {
    heard.push_back(events);
    if (then) then();
  }

  int watched() const { return pair_[0]; }
  void far_writes(const std::string& text) const { REQUIRE(::write(pair_[1], text.data(), text.size()) > 0); }
  void far_closes() { ::close(std::exchange(pair_[1], -1)); }

  std::vector<uint32_t> heard;
  std::function<void()> then;

private:
  int pair_[2] = {-1, -1};
};

struct fixture {
  boost::asio::io_context context;
  poller polled{context};

  void turn() {
    context.poll();
    context.restart();
  }
  void watch(end& which) {
    REQUIRE(polled.watch(which.watched(), which));
    turn(); // hears that it can write
    which.heard.clear();
  }
};

TEST_CASE_FIXTURE(fixture, "poller: tells once for each time that something comes") {
  end one;
  REQUIRE(polled.watch(one.watched(), one));
  CHECK(one.heard.empty()); // not from within `watch`
  turn();
  REQUIRE(one.heard.size() == 1);
  CHECK(one.heard[0] == EPOLLOUT);
  one.far_writes("a");
  turn();
  turn();
  REQUIRE(one.heard.size() == 2);
  CHECK((one.heard[1] & EPOLLIN) != 0);
  one.far_writes("b");
  turn();
  CHECK(one.heard.size() == 3);
}

TEST_CASE_FIXTURE(fixture, "poller: tells what was ready before it was watched") {
  end one;
  one.far_writes("a");
  REQUIRE(polled.watch(one.watched(), one));
  turn();
  REQUIRE(one.heard.size() == 1);
  CHECK((one.heard[0] & EPOLLIN) != 0);
}

TEST_CASE_FIXTURE(fixture, "poller: tells of the other end's close") {
  end one;
  watch(one);
  one.far_closes();
  turn();
  REQUIRE(one.heard.size() == 1);
  CHECK((one.heard[0] & EPOLLRDHUP) != 0);
}

TEST_CASE_FIXTURE(fixture, "poller: who is forgotten hears nothing, not even what was fetched with others") {
  end one, two;
  watch(one);
  watch(two);
  const auto forget_other = [this](end& other) { return [this, &other] { polled.forget(other.watched(), other); }; };
  one.then = forget_other(two);
  two.then = forget_other(one);
  one.far_writes("a");
  two.far_writes("b");
  turn();
  CHECK(one.heard.size() + two.heard.size() == 1);
}

TEST_CASE("poller: says when all has been told that was ready at once") {
  boost::asio::io_context context;
  std::vector<size_t> heard_by_then;
  end one, two;
  poller polled{context, [&] { heard_by_then.push_back(one.heard.size() + two.heard.size()); }};
  REQUIRE(polled.watch(one.watched(), one));
  REQUIRE(polled.watch(two.watched(), two));
  context.poll();
  CHECK(heard_by_then == std::vector<size_t>{2});
  one.then = two.then = [] { throw std::runtime_error{"as asked"}; };
  one.far_writes("a");
  two.far_writes("b");
  context.restart();
  CHECK_THROWS_WITH(context.poll(), "as asked");
  CHECK(heard_by_then == std::vector<size_t>{2, 4});
}

TEST_CASE_FIXTURE(fixture, "poller: an exception keeps nobody else from hearing") {
  std::vector<end> many(100); // more than are fetched at once
  for (auto& each : many) watch(each);
  many[3].then = [] { throw std::runtime_error{"as asked"}; };
  for (auto& each : many) each.far_writes("a");
  CHECK_THROWS_WITH(context.poll(), "as asked");
  turn();
  for (auto& each : many) CHECK(each.heard.size() == 1);
}

} // namespace
