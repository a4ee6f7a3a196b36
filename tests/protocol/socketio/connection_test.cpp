#include "protocol/socketio/connection.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace stibium::socketio;
using namespace std::string_literals;

namespace {

constexpr connection_limits bounds{};

/// A connection on which `/` and `/a` are open.
struct open_connection : connection {
  explicit open_connection(const connection_limits& limits = bounds)
      : connection(limits) {
    for (const auto* nsp : {"/", "/a"}) {
      text("0"s + nsp + ",");
      accept(nsp);
    }
  }
};

/// The violation in an action; `none` when it is something else.
violation broken(const action& got) { return got.what == deed::violate ? got.why : violation::none; }

} // namespace

static_assert(sizeof(connection) <= 48, "one per connection, idle or not");

TEST_CASE("socketio connection: a namespace opens once the server accepts it") {
  connection c(bounds);
  const auto asked = c.text(R"(0/a?x=1,{"token":"t"})");
  CHECK(asked.what == deed::connect);
  CHECK(asked.nsp == "/a");
  CHECK(asked.json == R"({"token":"t"})");
  CHECK_FALSE(c.is_open("/a"));
  CHECK(c.accept("/a"));
  CHECK(c.is_open("/a"));
  CHECK_FALSE(c.accept("/a"));
  const auto event = c.text(R"(2/a,12["m",1])");
  CHECK(event.what == deed::event);
  CHECK(event.nsp == "/a");
  CHECK(event.id == 12U);
  CHECK(event.json == R"(["m",1])");
  CHECK(event.attachments.empty());
}

TEST_CASE("socketio connection: a refused namespace can be asked for again") {
  connection c(bounds);
  for (int i = 0; i < 3; ++i) {
    CHECK(c.text("0/a,").what == deed::connect);
    CHECK(c.refuse("/a"));
    CHECK_FALSE(c.refuse("/a"));
    CHECK_FALSE(c.accept("/a"));
  }
  CHECK(broken(c.text(R"(2/a,["m"])")) == violation::not_connected);
}

TEST_CASE("socketio connection: acks of the client") {
  open_connection c;
  const auto got = c.text("3/a,7[1]");
  CHECK(got.what == deed::ack);
  CHECK(got.id == 7U);
  CHECK(got.json == "[1]");
}

TEST_CASE("socketio connection: leaving leaves the others and the connection") {
  open_connection c;
  const auto left = c.text("1/a,");
  CHECK(left.what == deed::left);
  CHECK(left.nsp == "/a");
  CHECK(c.text(R"(2["m"])").what == deed::event);
  CHECK(c.text("1").what == deed::left);
  CHECK(c.open_count() == 0);
  CHECK(c.tick(1000000) == violation::none);
  CHECK(c.text("0").what == deed::connect);
}

TEST_CASE("socketio connection: asking twice gets one answer") {
  connection c(bounds);
  CHECK(c.text("0/a,").what == deed::connect);
  CHECK(c.text("0/a,").what == deed::nothing);
  CHECK(c.accept("/a"));
  CHECK_FALSE(c.accept("/a"));
  CHECK(c.open_count() == 1);
}

TEST_CASE("socketio connection: asking for an open namespace leaves it first") {
  open_connection c;
  const auto again = c.text(R"(0/a,{"n":2})");
  CHECK(again.what == deed::reconnect);
  CHECK(again.nsp == "/a");
  CHECK(again.json == R"({"n":2})");
  CHECK_FALSE(c.is_open("/a"));
  CHECK(c.accept("/a"));
}

TEST_CASE("socketio connection: the answer to a client that has left meanwhile is swallowed") {
  connection c(bounds);
  CHECK(c.text("0/a,").what == deed::connect);
  CHECK(c.text("1/a,").what == deed::left);
  CHECK(broken(c.text(R"(2/a,["m"])")) == violation::not_connected);
  CHECK(broken(c.text("1/a,")) == violation::not_connected);
  SUBCASE("nothing came after it") {
    CHECK_FALSE(c.accept("/a"));
    CHECK_FALSE(c.is_open("/a"));
    CHECK(c.text("0/a,").what == deed::connect);
    CHECK(c.accept("/a"));
  }
  SUBCASE("the client asks again before it comes") {
    CHECK(c.text("0/a,").what == deed::connect);
    CHECK_FALSE(c.accept("/a"));
    CHECK_FALSE(c.is_open("/a"));
    CHECK(c.accept("/a"));
    CHECK(c.is_open("/a"));
  }
  SUBCASE("twice") {
    CHECK(c.text("0/a,").what == deed::connect);
    CHECK(c.text("1/a,").what == deed::left);
    CHECK_FALSE(c.refuse("/a"));
    CHECK_FALSE(c.accept("/a"));
    CHECK(c.text("0/a,").what == deed::connect);
    CHECK(c.refuse("/a"));
  }
}

TEST_CASE("socketio connection: what crosses the server's DISCONNECT is ignored") {
  open_connection c;
  CHECK(c.close("/a"));
  CHECK_FALSE(c.close("/a"));
  CHECK_FALSE(c.is_open("/a"));
  CHECK(c.text(R"(2/a,5["m"])").what == deed::nothing);
  CHECK(c.text("3/a,5[]").what == deed::nothing);
  CHECK(c.text(R"(51-/a,["m"])").what == deed::nothing);
  CHECK(c.binary("x").what == deed::nothing);
  SUBCASE("and the namespace can be asked for again") {
    CHECK(c.text("0/a,").what == deed::connect);
    CHECK(c.accept("/a"));
    CHECK(c.text(R"(2/a,["m"])").what == deed::event);
  }
  SUBCASE("also the client's DISCONNECT") { CHECK(c.text("1/a,").what == deed::nothing); }
}

TEST_CASE("socketio connection: only the latest closed namespaces are remembered") {
  constexpr connection_limits few{.max_closed = 2};
  connection c(few);
  for (const auto* nsp : {"/1", "/2", "/3", "/4"}) {
    c.text("0"s + nsp + ",");
    c.accept(nsp);
  }
  CHECK(c.close("/2"));
  CHECK(c.close("/1"));
  CHECK(c.close("/3"));
  CHECK(c.text(R"(2/3,["m"])").what == deed::nothing);
  CHECK(c.text(R"(2/1,["m"])").what == deed::nothing);
  CHECK(c.text(R"(2/4,["m"])").what == deed::event);
  CHECK(broken(c.text(R"(2/2,["m"])")) == violation::not_connected);
  CHECK(c.open_namespaces() == std::vector<std::string_view>{"/4"});
}

TEST_CASE("socketio connection: what was never open is a violation") {
  for (const auto* text : {R"(2/b,["m"])", "3/b,1[]", "1/b,", R"(51-/b,["m"])", R"(61-/b,1[])", R"(50-/b,["m"])"}) {
    CAPTURE(text);
    open_connection c;
    CHECK(broken(c.text(text)) == violation::not_connected);
  }
  connection waiting(bounds);
  CHECK(waiting.text("0").what == deed::connect);
  CHECK(broken(waiting.text(R"(2["m"])")) == violation::not_connected);
  CHECK_FALSE(waiting.close("/"));
  CHECK_FALSE(waiting.close("/b"));
  CHECK_FALSE(waiting.accept("/b"));
  CHECK_FALSE(waiting.refuse("/b"));
}

TEST_CASE("socketio connection: malformed packets are violations and say what is wrong") {
  const std::pair<const char*, parse_errc> table[] = {{"", parse_errc::empty_packet},
                                                      {"abc", parse_errc::unknown_type},
                                                      {"2{}", parse_errc::bad_payload},
                                                      {R"(2["connect"])", parse_errc::reserved_event},
                                                      {"5[]", parse_errc::bad_attachment_count}};
  for (const auto& [text, why] : table) {
    CAPTURE(text);
    open_connection c;
    const auto got = c.text(text);
    CHECK(broken(got) == violation::malformed_packet);
    CHECK(got.error == why);
  }
  open_connection c;
  CHECK(broken(c.text(R"(4{"message":"x"})")) == violation::unexpected_packet);
}

TEST_CASE("socketio connection: binary packets are put together") {
  open_connection c;
  for (int round = 0; round < 2; ++round) {
    CHECK(c.text(R"(52-/a,789["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])").what ==
          deed::nothing);
    CHECK(c.binary("one").what == deed::nothing);
    const auto got = c.binary("");
    CHECK(got.what == deed::event);
    CHECK(got.nsp == "/a");
    CHECK(got.id == 789U);
    CHECK(got.json == R"(["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
    REQUIRE(got.attachments.size() == 2);
    CHECK(got.attachments[0] == "one");
    CHECK(got.attachments[1].empty());
  }
  CHECK(c.text("61-1[{}]").what == deed::nothing);
  CHECK(c.binary("x").what == deed::ack);
  CHECK(c.text(R"(50-["m"])").what == deed::event);
}

TEST_CASE("socketio connection: the views of a binary packet live through a move of the connection") {
  open_connection c;
  c.text(R"(51-["m"])");
  connection moved = std::move(c);
  const auto got = moved.binary("x");
  CHECK(got.what == deed::event);
  CHECK(got.json == R"(["m"])");
}

TEST_CASE("socketio connection: attachments that do not fit their packet are violations") {
  open_connection none;
  CHECK(broken(none.binary("x")) == violation::binary_unannounced);
  open_connection more;
  more.text(R"(51-["m"])");
  more.binary("x");
  CHECK(broken(more.binary("x")) == violation::binary_unannounced);
  open_connection text;
  text.text(R"(52-["m"])");
  text.binary("x");
  CHECK(broken(text.text(R"(2["m"])")) == violation::text_within_binary);
  open_connection zero;
  zero.text(R"(50-["m"])");
  CHECK(broken(zero.binary("x")) == violation::binary_unannounced);
}

TEST_CASE("socketio connection: attachments are bounded together") {
  constexpr connection_limits small{.max_attachment_bytes = 10};
  open_connection fits(small);
  fits.text(R"(52-["m"])");
  fits.binary("12345");
  CHECK(fits.binary("67890").what == deed::event);
  open_connection exceeds(small);
  exceeds.text(R"(52-["m"])");
  exceeds.binary("12345");
  CHECK(broken(exceeds.binary("678901")) == violation::attachments_too_large);
}

TEST_CASE("socketio connection: a namespace that the server closes while attachments come gets nothing") {
  open_connection c;
  c.text(R"(51-/a,["m"])");
  CHECK(c.close("/a"));
  CHECK(c.binary("x").what == deed::nothing);
  CHECK(c.text(R"(2["m"])").what == deed::event);
}

TEST_CASE("socketio connection: namespaces and questions are bounded") {
  constexpr connection_limits small{.max_namespaces = 3, .max_pending = 2};
  open_connection full(small);
  CHECK(full.text("0/b,").what == deed::connect);
  CHECK(broken(full.text("0/c,")) == violation::too_many_namespaces);
  open_connection closed(small);
  closed.close("/a");
  closed.text("0/b,");
  CHECK(closed.accept("/b"));
  CHECK(closed.text("0/c,").what == deed::connect);
  connection pending(small);
  pending.text("0/1,");
  pending.text("0/2,");
  CHECK(pending.text("0/2,").what == deed::nothing);
  CHECK(broken(pending.text("0/3,")) == violation::too_many_pending);
  connection restless(small); // asks and leaves without waiting
  for (int i = 0; i < 2; ++i) {
    CHECK(restless.text("0/1,").what == deed::connect);
    CHECK(restless.text("1/1,").what == deed::left);
  }
  CHECK(broken(restless.text("0/1,")) == violation::too_many_pending);
}

TEST_CASE("socketio connection: the first CONNECT has a deadline") {
  connection c(bounds);
  CHECK(c.awaits_connect());
  CHECK(c.tick(44999) == violation::none);
  CHECK(c.tick(45000) == violation::connect_timeout);
  c.text("0/a,");
  CHECK_FALSE(c.awaits_connect());
  CHECK(c.refuse("/a"));
  CHECK(c.tick(45000) == violation::none);
}
