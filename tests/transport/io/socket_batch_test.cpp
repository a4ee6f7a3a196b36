#include "transport/io/socket_batch.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using stibium::io::socket_batch;

/// A pair of sockets; what is sent into the near end is read at the far one.
class link {
public:
  link() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_) == 0); }
  ~link() {
    ::close(ends_[0]);
    far_closes();
  }
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  int near() const { return ends_[0]; }
  void far_writes(std::string_view text) const { REQUIRE(::write(ends_[1], text.data(), text.size()) > 0); }
  void far_closes() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }
  /// Sends until nothing more is taken; returns what was.
  size_t fill() const {
    const std::string much(64 * 1024, '.');
    size_t bytes = 0;
    for (ssize_t sent; (sent = ::send(ends_[0], much.data(), much.size(), MSG_DONTWAIT)) > 0;)
      bytes += static_cast<size_t>(sent);
    return bytes;
  }
  std::string arrived() const {
    std::string all, some(64 * 1024, '\0');
    for (ssize_t got; (got = ::read(ends_[1], some.data(), some.size())) > 0;)
      all.append(some, 0, static_cast<size_t>(got));
    return all;
  }

private:
  int ends_[2] = {-1, -1};
};

/// The texts must stay where they are.
std::vector<iovec> pieces_of(std::span<const std::string> texts) {
  std::vector<iovec> pieces;
  for (auto& text : texts) pieces.push_back({const_cast<char*>(text.data()), text.size()});
  return pieces;
}

std::vector<ssize_t> results_of(socket_batch& batch) {
  auto results = batch.submit();
  return {results.begin(), results.end()};
}

/// Runs a test with sends together and one by one. Where the kernel allows no io_uring, both are one by one.
template <class F>
void both_ways(F&& test) {
  for (const bool together : {true, false}) {
    CAPTURE(together);
    socket_batch batch{together};
    test(batch);
  }
}

TEST_CASE("socket batch: each socket gets its own, batch after batch") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(socket_batch::room);
    std::vector<std::string> texts;
    for (size_t i = 0; i < links.size(); ++i) texts.push_back("to " + std::to_string(i) + ";");
    for (int round = 0; round < 3; ++round) {
      for (size_t i = 0; i < links.size(); ++i) {
        CHECK_FALSE(batch.full());
        batch.send(links[i].near(), pieces_of({&texts[i], 1}));
      }
      CHECK(batch.full());
      auto results = results_of(batch);
      CHECK(batch.size() == 0);
      REQUIRE(results.size() == links.size());
      for (size_t i = 0; i < links.size(); ++i) CHECK(results[i] == static_cast<ssize_t>(texts[i].size()));
    }
    for (size_t i = 0; i < links.size(); ++i) CHECK(links[i].arrived() == texts[i] + texts[i] + texts[i]);
  });
}

TEST_CASE("socket batch: receives what has come, as much as there is space for") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(6);
    links[0].far_writes("hello");
    links[1].far_writes("much more");
    links[3].far_closes();
    links[4].far_writes("last");
    links[4].far_closes();
    std::deque<std::array<char, 5>> spaces(links.size());
    auto receive = [&] {
      for (size_t i = 0; i < links.size(); ++i) batch.receive(links[i].near(), spaces[i]);
      return results_of(batch);
    };
    CHECK(receive() == std::vector<ssize_t>{5, 5, -EAGAIN, 0, 4, -EAGAIN});
    CHECK(std::string_view{spaces[0].data(), 5} == "hello");
    CHECK(std::string_view{spaces[1].data(), 5} == "much ");
    CHECK(std::string_view{spaces[4].data(), 4} == "last");
    links[5].far_writes("x");
    CHECK(receive() == std::vector<ssize_t>{-EAGAIN, 4, -EAGAIN, 0, 0, 1});
    CHECK(std::string_view{spaces[1].data(), 4} == "more");
  });
}

TEST_CASE("socket batch: nothing to do is no system call and no result") {
  both_ways([](socket_batch& batch) { CHECK(batch.submit().empty()); });
}

TEST_CASE("socket batch: a socket that fails or is full keeps nothing from the others") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(5);
    const auto before = links[1].fill();
    links[2].far_closes();
    const std::vector<std::string> text{"hello"};
    for (auto& each : links) batch.send(each.near(), pieces_of(text));
    batch.send(-1, pieces_of(text));
    CHECK(results_of(batch) == std::vector<ssize_t>{5, -EAGAIN, -EPIPE, 5, 5, -EBADF});
    CHECK(links[0].arrived() == "hello");
    CHECK(links[1].arrived().size() == before);
    CHECK(links[3].arrived() == "hello");
    CHECK(links[4].arrived() == "hello");
  });
}

TEST_CASE("socket batch: a socket takes a part of what is too much for it") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(4);
    const std::vector<std::string> much{std::string(4 * 1024 * 1024, 'a'), "b"};
    for (auto& each : links) batch.send(each.near(), pieces_of(much));
    for (auto taken : results_of(batch)) {
      CHECK(taken > 0);
      CHECK(taken < 4 * 1024 * 1024);
    }
  });
}

TEST_CASE("socket batch: pieces arrive as one, in order, the same for all or not, few bytes or many") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(12);
    const std::vector<std::string> few{"one ", "two ", "three"}, others{"one ", "two ", "THREE"},
        many{std::string(3000, 'x'), std::string(3000, 'y')}, *sent[] = {&few, &few, &others, &many, &few, &many};
    for (size_t i = 0; i < links.size(); ++i) {
      auto pieces = pieces_of(*sent[i % 6]);
      batch.send(links[i].near(), pieces);
      pieces.assign(pieces.size(), iovec{nullptr, 0}); // theirs is not to be used any more
    }
    batch.submit();
    for (size_t i = 0; i < links.size(); ++i) {
      std::string whole;
      for (auto& text : *sent[i % 6]) whole += text;
      CHECK(links[i].arrived() == whole);
    }
  });
}

TEST_CASE("socket batch: what was joined for the batch before is not taken for the same") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(3);
    std::vector<std::string> texts{"ab", "cd"};
    for (const std::string whole : {"abcd", "xbcd"}) {
      texts[0][0] = whole[0]; // at the same place
      for (auto& each : links) batch.send(each.near(), pieces_of(texts));
      batch.submit();
      for (auto& each : links) CHECK(each.arrived() == whole);
    }
  });
}

TEST_CASE("socket batch: more small pieces than can be joined at once go out all the same") {
  both_ways([](socket_batch& batch) {
    std::deque<link> links(socket_batch::room);
    std::deque<std::vector<std::string>> texts;
    for (size_t i = 0; i < links.size(); ++i) {
      texts.push_back({std::string(2000, static_cast<char>('a' + i % 26)), std::string(2000, 'z'), std::to_string(i)});
      batch.send(links[i].near(), pieces_of(texts.back()));
    }
    batch.submit();
    for (size_t i = 0; i < links.size(); ++i) CHECK(links[i].arrived() == texts[i][0] + texts[i][1] + texts[i][2]);
  });
}

} // namespace
