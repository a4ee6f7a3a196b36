#include "protocol/engineio/session.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace stibium::engineio;
using namespace std::string_view_literals;

namespace {

constexpr session_times times{.ping_interval = 300, .ping_timeout = 200, .upgrade_timeout = 1000};
constexpr auto polling = transport::polling;
constexpr auto websocket = transport::websocket;
constexpr millis start = 5000;

constexpr packet message{packet_type::message, false, "x"};
constexpr packet ping_probe{packet_type::ping, false, probe_data};
constexpr packet upgrade{packet_type::upgrade, false, {}};
constexpr packet pong{packet_type::pong, false, {}};

constexpr reaction nothing{};
constexpr reaction ended(close_reason why, poll_answer poll = poll_answer::none) { return {step::close, why, poll}; }

struct polling_session : session {
  polling_session()
      : session(times, polling, start) {}
};
struct websocket_session : session {
  websocket_session()
      : session(times, websocket, start) {}
};
/// A WebSocket is open beside the polling and has sent its probe.
struct probed_session : polling_session {
  probed_session() {
    websocket_opened(start);
    received(websocket, ping_probe, start);
  }
};

} // namespace

static_assert(sizeof(session) <= 32, "one per connection, idle or not");
static_assert(sizeof(reaction) <= 4);

TEST_CASE("engineio session: messages are delivered on either transport") {
  CHECK(polling_session{}.received(polling, message, start) == reaction{step::deliver});
  CHECK(websocket_session{}.received(websocket, message, start) == reaction{step::deliver});
  CHECK(websocket_session{}.received(websocket, {packet_type::message, true, "\x01"}, start) ==
        reaction{step::deliver});
}

TEST_CASE("engineio session: packets that do not belong here end it with parse error") {
  for (const auto on : {polling, websocket}) {
    for (const packet& what :
         {packet{packet_type::open, false, "{}"}, packet{packet_type::ping, false, {}}, ping_probe, upgrade}) {
      CAPTURE(static_cast<int>(what.type));
      session s(times, on, start);
      CHECK(s.received(on, what, start) == ended(close_reason::parse_error));
      CHECK(s.over());
    }
    session s(times, on, start);
    CHECK(s.malformed(on) == ended(close_reason::parse_error));
    session harmless(times, on, start);
    CHECK(harmless.received(on, {packet_type::noop, false, {}}, start) == nothing);
    CHECK(harmless.received(on, pong, start) == nothing);
  }
}

TEST_CASE("engineio session: a close packet ends it; a waiting poll gets NOOP") {
  polling_session s;
  CHECK(s.poll_opened(start) == reaction{step::hold_poll});
  CHECK(s.post_opened(start) == reaction{step::read_post});
  CHECK(s.received(polling, {packet_type::close, false, {}}, start) ==
        ended(close_reason::client_closed, poll_answer::noop));
  CHECK(s.poll_opened(start) == reaction{step::refuse});
  websocket_session w;
  CHECK(w.received(websocket, {packet_type::close, false, {}}, start) == ended(close_reason::client_closed));
}

TEST_CASE("engineio session: nothing happens after the end") {
  websocket_session s;
  CHECK(s.close() == ended(close_reason::server_closed));
  CHECK(s.close() == nothing);
  CHECK(s.received(websocket, message, start) == nothing);
  CHECK(s.malformed(websocket) == nothing);
  CHECK(s.websocket_closed() == nothing);
  CHECK(s.tick(start + 1000000) == nothing);
  CHECK(s.poll_opened(start) == reaction{step::refuse});
  CHECK(s.post_opened(start) == reaction{step::refuse});
  CHECK(s.websocket_opened(start) == reaction{step::refuse});
  CHECK(s.deadline() == std::numeric_limits<millis>::max());
}

TEST_CASE("engineio session: it pings after each interval and ends without a pong") {
  websocket_session s;
  CHECK(s.deadline() == start + 300);
  CHECK(s.tick(start + 299) == nothing);
  CHECK(s.tick(start + 300) == reaction{step::send_ping});
  CHECK(s.deadline() == start + 500);
  CHECK(s.tick(start + 300) == nothing);
  CHECK(s.received(websocket, pong, start + 350) == nothing);
  CHECK(s.deadline() == start + 650);
  CHECK(s.tick(start + 650) == reaction{step::send_ping});
  CHECK(s.received(websocket, message, start + 700) == reaction{step::deliver}); // is no pong
  CHECK(s.tick(start + 849) == nothing);
  CHECK(s.tick(start + 850) == ended(close_reason::ping_timeout));
}

TEST_CASE("engineio session: a pong that brings the next deadline forward says so") {
  constexpr session_times quick{.ping_interval = 100, .ping_timeout = 1000};
  session s(quick, websocket, start);
  CHECK(s.tick(start + 100) == reaction{step::send_ping});
  CHECK(s.deadline() == start + 1100);
  CHECK(s.received(websocket, pong, start + 110).rearm);
  CHECK(s.deadline() == start + 210);
}

TEST_CASE("engineio session: a tick that is late a little costs the client, a server that stood still does not") {
  websocket_session little;
  CHECK(little.tick(start + 400) == reaction{step::send_ping});
  CHECK(little.deadline() == start + 500);
  websocket_session more;
  CHECK(more.tick(start + 401) == reaction{step::send_ping});
  CHECK(more.deadline() == start + 601);
  websocket_session long_after;
  CHECK(long_after.tick(start + 9000) == reaction{step::send_ping});
  CHECK(long_after.deadline() == start + 9200);
}

TEST_CASE("engineio session: a poll that comes after the pong's deadline finds no session, whatever the timers do") {
  for (const int input : {0, 1, 2}) {
    polling_session s;
    CHECK(s.tick(start + 300) == reaction{step::send_ping});
    const auto late = input == 0   ? s.poll_opened(start + 500)
                      : input == 1 ? s.post_opened(start + 500)
                                   : s.websocket_opened(start + 500);
    CHECK(late == ended(close_reason::ping_timeout));
  }
}

TEST_CASE("engineio session: a ping timeout answers the waiting poll with a close packet") {
  polling_session s;
  s.tick(start + 300);
  CHECK(s.poll_opened(start + 310) == reaction{step::hold_poll});
  CHECK(s.tick(start + 500) == ended(close_reason::ping_timeout, poll_answer::close));
}

TEST_CASE("engineio session: a second GET or POST at once ends it") {
  polling_session gets;
  CHECK(gets.poll_opened(start) == reaction{step::hold_poll});
  CHECK(gets.poll_waits());
  CHECK(gets.poll_opened(start) == ended(close_reason::overlapping_get, poll_answer::close));
  CHECK_FALSE(gets.poll_waits());
  polling_session posts;
  CHECK(posts.post_opened(start) == reaction{step::read_post});
  CHECK(posts.post_opened(start) == ended(close_reason::overlapping_post));
  polling_session in_turn;
  for (int i = 0; i < 3; ++i) {
    CHECK(in_turn.poll_opened(start) == reaction{step::hold_poll});
    in_turn.poll_answered();
    CHECK(in_turn.post_opened(start) == reaction{step::read_post});
    in_turn.post_done();
  }
}

TEST_CASE("engineio session: what is no payload ends it and answers the waiting poll") {
  polling_session s;
  s.poll_opened(start);
  s.post_opened(start);
  CHECK(s.malformed(polling) == ended(close_reason::parse_error, poll_answer::close));
}

TEST_CASE("engineio session: the upgrade from polling to WebSocket") {
  polling_session s;
  CHECK(s.poll_opened(start) == reaction{step::hold_poll});
  CHECK(s.websocket_opened(start + 10) == nothing);
  CHECK(s.received(websocket, ping_probe, start + 20) ==
        reaction{step::answer_probe, close_reason::none, poll_answer::noop});
  // Polls are answered at once from here on, POSTs go on.
  CHECK(s.poll_opened(start + 30) == reaction{step::answer_noop});
  CHECK(s.post_opened(start + 30) == reaction{step::read_post});
  CHECK(s.received(polling, message, start + 30) == reaction{step::deliver});
  s.post_done();
  CHECK(s.current() == polling);
  CHECK(s.received(websocket, upgrade, start + 40) == reaction{step::switch_transport});
  CHECK(s.current() == websocket);
  CHECK(s.received(websocket, message, start + 50) == reaction{step::deliver});
  CHECK(s.deadline() == start + 300);
}

TEST_CASE("engineio session: requests and sockets with the id of an upgraded session are refused, it goes on") {
  probed_session s;
  CHECK(s.received(websocket, upgrade, start) == reaction{step::switch_transport});
  CHECK(s.poll_opened(start) == reaction{step::refuse});
  CHECK(s.post_opened(start) == reaction{step::refuse});
  CHECK(s.websocket_opened(start) == reaction{step::refuse});
  CHECK(s.received(websocket, message, start) == reaction{step::deliver});
  websocket_session from_the_start;
  CHECK(from_the_start.websocket_opened(start) == reaction{step::refuse});
  CHECK(from_the_start.poll_opened(start) == reaction{step::refuse});
}

TEST_CASE("engineio session: a probe that goes wrong costs only the probing WebSocket") {
  const packet wrong[] = {message, upgrade, pong, {packet_type::close, false, {}}, {packet_type::ping, false, {}}};
  for (const auto& what : wrong) {
    CAPTURE(static_cast<int>(what.type));
    polling_session s;
    s.websocket_opened(start);
    CHECK(s.received(websocket, what, start) == reaction{step::drop_probe});
    CHECK(s.poll_opened(start) == reaction{step::hold_poll});
    CHECK(s.websocket_opened(start) == nothing); // may try again
  }
  probed_session twice;
  CHECK(twice.received(websocket, ping_probe, start) == reaction{step::drop_probe});
  probed_session garbled;
  CHECK(garbled.malformed(websocket) == reaction{step::drop_probe});
  probed_session hung_up;
  CHECK(hung_up.websocket_closed() == nothing);
  CHECK(hung_up.poll_opened(start) == reaction{step::hold_poll});
}

TEST_CASE("engineio session: one probing WebSocket at a time") {
  polling_session s;
  CHECK(s.websocket_opened(start) == nothing);
  CHECK(s.websocket_opened(start) == reaction{step::refuse});
  CHECK(s.received(websocket, ping_probe, start).what == step::answer_probe);
  CHECK(s.websocket_opened(start) == reaction{step::refuse});
}

TEST_CASE("engineio session: a probe has a deadline of its own") {
  constexpr session_times slow{.ping_interval = 25000, .ping_timeout = 20000, .upgrade_timeout = 1000};
  session s(slow, polling, start);
  const auto opened = s.websocket_opened(start + 100);
  CHECK(opened.what == step::nothing);
  CHECK(opened.rearm);
  CHECK(s.deadline() == start + 1100);
  CHECK(s.received(websocket, ping_probe, start + 200).what == step::answer_probe);
  CHECK(s.deadline() == start + 1100);
  CHECK(s.tick(start + 1100) == reaction{step::drop_probe});
  CHECK(s.deadline() == start + 25000);
}

TEST_CASE("engineio session: when heartbeat and probe are due together both get their turn") {
  polling_session s;
  s.websocket_opened(start);
  CHECK(s.tick(start + 300) == reaction{step::send_ping});
  CHECK(s.received(polling, pong, start + 400) == nothing);
  CHECK(s.tick(start + 1200) == reaction{step::send_ping});
  CHECK(s.tick(start + 1200) == reaction{step::drop_probe});
  CHECK(s.tick(start + 1200) == nothing);
}

TEST_CASE("engineio session: losing the WebSocket ends it") {
  websocket_session s;
  CHECK(s.websocket_closed() == ended(close_reason::transport_gone));
  CHECK(to_string(close_reason::transport_gone) == "transport close"sv);
  CHECK(to_string(close_reason::parse_error) == "parse error"sv);
  CHECK(to_string(close_reason::ping_timeout) == "ping timeout"sv);
}
