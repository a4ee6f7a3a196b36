#include "tests/transport/web/web_fixture.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::tests;
using namespace std::chrono_literals;

namespace {

const std::string open_url = "/socket.io/?EIO=4&transport=polling";

std::string sid_of(const std::string& answer) { return between(answer, "\"sid\":\"", "\""); }

} // namespace

TEST_CASE_FIXTURE(web_fixture, "polling: a session opens, posts and polls") {
  serve();
  loopback_client client{port()};
  auto opened = client.request("GET", open_url);
  CHECK(status_of(opened) == 200);
  auto sid = sid_of(opened);
  CHECK(sid.size() == 20);
  CHECK(body_of(opened) == "0{\"sid\":\"" + sid +
                               "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                               "\"maxPayload\":1000000}");
  auto url = open_url + "&sid=" + sid;
  CHECK(body_of(client.request("POST", url, {}, "40/n")) == "ok");
  CHECK(body_of(client.request("GET", url)) == R"(40/n,{"sid":"sid"})");
  CHECK(body_of(client.request("POST", url, {},
                               "42/n,1[\"a\"]\x1e"
                               "42/n,2[\"b\"]")) == "ok");
  REQUIRE(heard.has("event /n [\"b\"]"));
  auto text = body_of(client.request("GET", url));
  while (text.find("43/n,2") == std::string::npos) text += "\x1e" + body_of(client.request("GET", url));
  CHECK(text == "43/n,1[[\"a\"]]\x1e"
                "43/n,2[[\"b\"]]");
}

TEST_CASE_FIXTURE(web_fixture, "polling: thousands of small events fit into one POST") {
  serve();
  loopback_client client{port()};
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  CHECK(body_of(client.request("POST", url, {}, "40/n")) == "ok");
  std::string typed;
  for (int i = 0; i < 5000; ++i) typed += "42/n,[\"key\"]\x1e";
  CHECK(body_of(client.request("POST", url, {}, typed + "42/n,[\"last\"]")) == "ok");
  CHECK(heard.has("event /n [\"last\"]"));
}

TEST_CASE_FIXTURE(web_fixture, "polling: a GET waits for what comes") {
  serve();
  loopback_client client{port()};
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  loopback_client poster{port()};
  client.send("GET " + url + " HTTP/1.1\r\nHost: test\r\n\r\n");
  CHECK(body_of(poster.request("POST", url, {}, "40")) == "ok");
  CHECK(body_of(client.answer()) == R"(40{"sid":"sid"})");
}

TEST_CASE_FIXTURE(web_fixture, "polling: two GETs at once end the session") {
  serve();
  loopback_client first{port()}, second{port()}, third{port()};
  auto url = open_url + "&sid=" + sid_of(first.request("GET", open_url));
  first.send("GET " + url + " HTTP/1.1\r\nHost: test\r\n\r\n");
  while (status_of(third.request("GET", "/socket.io/?EIO=4&transport=x")) != 400) {
  }
  CHECK(status_of(second.request("GET", url)) == 400);
  CHECK(body_of(first.answer()) == "1");
  CHECK(heard.has("lost transport error"));
  CHECK(body_of(first.request("GET", url)) == R"({"code":1,"message":"Session ID unknown"})");
}

TEST_CASE_FIXTURE(web_fixture, "polling: a client that hangs up its GET may poll again") {
  serve();
  loopback_client client{port()};
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  {
    loopback_client brief{port()};
    brief.send("GET " + url + " HTTP/1.1\r\nHost: test\r\n\r\n");
  }
  // The server has noticed once its count of open sockets has fallen.
  while (server->counted().sockets_open > 1) std::this_thread::yield();
  CHECK(body_of(client.request("POST", url, {}, "40")) == "ok");
  CHECK(body_of(client.request("GET", url)) == R"(40{"sid":"sid"})");
}

TEST_CASE_FIXTURE(web_fixture, "polling: malformed payloads end the session with 400") {
  serve();
  for (auto body : {"abc", "9", "4a\x1e", "b!", "4\xff"}) {
    CAPTURE(body);
    loopback_client client{port()};
    auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
    CHECK(status_of(client.request("POST", url, {}, body)) == 400);
    CHECK(status_of(client.request("GET", url)) == 400);
  }
  CHECK(heard.has("lost parse error", 5));
}

TEST_CASE_FIXTURE(web_fixture, "polling: a close packet ends the session, its POST is ok") {
  serve();
  loopback_client client{port()};
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  CHECK(body_of(client.request("POST", url, {}, "1")) == "ok");
  CHECK(heard.has("lost client close"));
  CHECK(body_of(client.request("GET", url)) == "6"); // as one that was on its way with the close
  CHECK(status_of(client.request("GET", url)) == 400);
}

TEST_CASE_FIXTURE(web_fixture, "polling: requests that are none of Engine.IO's get its errors") {
  serve();
  struct row {
    const char *method, *target, *body;
  };
  auto unknown = R"({"code":1,"message":"Session ID unknown"})";
  for (auto& r : {row{"GET", "?EIO=4", R"({"code":0,"message":"Transport unknown"})"},
                  row{"GET", "?EIO=4&transport=flash", R"({"code":0,"message":"Transport unknown"})"},
                  row{"GET", "?EIO=4&transport=polling&sid=nope", unknown},
                  row{"POST", "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", unknown},
                  row{"GET", "?EIO=4&transport=polling&sid=_AAAAAAAAAAAAAAAAAAA", unknown},
                  row{"POST", "?EIO=4&transport=polling", R"({"code":2,"message":"Bad handshake method"})"},
                  row{"PUT", "?EIO=4&transport=polling", R"({"code":2,"message":"Bad handshake method"})"},
                  row{"OPTIONS", "?EIO=4&transport=polling", R"({"code":2,"message":"Bad handshake method"})"},
                  row{"GET", "?EIO=4&transport=websocket", R"({"code":3,"message":"Bad request"})"},
                  row{"GET", "?EIO=3&transport=polling", R"({"code":5,"message":"Unsupported protocol version"})"},
                  row{"GET", "?transport=polling", R"({"code":5,"message":"Unsupported protocol version"})"}}) {
    CAPTURE(r.method);
    CAPTURE(r.target);
    loopback_client client{port()};
    auto answer = client.request(r.method, std::string{"/socket.io/"} + r.target);
    CHECK(status_of(answer) == 400);
    CHECK(answer.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(body_of(answer) == r.body);
  }
  loopback_client client{port()};
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  CHECK(status_of(client.request("PUT", url)) == 405);
  auto other = "/socket.io/?EIO=4&transport=websocket&sid=" + between(url + "#", "&sid=", "#");
  CHECK(body_of(client.request("GET", other)) == R"({"code":3,"message":"Bad request"})");
}

TEST_CASE_FIXTURE(web_fixture, "polling: HEAD opens no session and takes nothing away") {
  serve();
  loopback_client client{port()};
  client.send("HEAD " + open_url + " HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(status_of(client.answer(true)) == 400);
  CHECK(server->counted().sessions_opened == 0);
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  CHECK(body_of(client.request("POST", url, {}, "40")) == "ok");
  client.send("HEAD " + url + " HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(status_of(client.answer(true)) == 405);
  CHECK(body_of(client.request("GET", url)) == R"(40{"sid":"sid"})");
  const std::string upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  client.send("HEAD /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: t\r\n" + upgrade);
  CHECK(status_of(client.answer(true)) == 400);
  client.send("GET /socket.io/?EIO=4&transport=websocket HTTP/1.0\r\nHost: t\r\n" + upgrade);
  CHECK(status_of(client.answer()) == 400);
}

TEST_CASE_FIXTURE(web_fixture, "polling: sessions are limited in number, whatever they came on") {
  options.max_sessions = 2;
  serve();
  loopback_client client{port()};
  auto url = open_url + "&sid=" + sid_of(client.request("GET", open_url));
  auto socket = websocket();
  auto refused = client.request("GET", open_url);
  CHECK(status_of(refused) == 503);
  CHECK(refused.find("Retry-After: ") != std::string::npos);
  loopback_client other{port()};
  CHECK(status_of(other.upgrade("/socket.io/?EIO=4&transport=websocket")) == 503);
  CHECK(body_of(client.request("POST", url, {}, "1")) == "ok");
  CHECK(status_of(client.request("GET", open_url)) == 200);
}

TEST_CASE_FIXTURE(web_fixture, "upgrade: probe, last poll, and everything in order on the WebSocket") {
  serve();
  loopback_client poller{port()};
  auto sid = sid_of(poller.request("GET", open_url));
  auto url = open_url + "&sid=" + sid;
  CHECK(body_of(poller.request("POST", url, {}, "40/n")) == "ok");
  CHECK(body_of(poller.request("GET", url)) == R"(40/n,{"sid":"sid"})");
  poller.send("GET " + url + " HTTP/1.1\r\nHost: test\r\n\r\n");
  loopback_client socket{port()};
  CHECK(status_of(socket.upgrade("/socket.io/?EIO=4&transport=websocket&sid=" + sid)) == 101);
  socket.text("2probe");
  CHECK(socket.message() == "3probe");
  CHECK(body_of(poller.answer()) == "6");
  auto known = client();
  for (int i = 0; i < 100; ++i)
    caf::anon_send(known.gateway, emit_event{{known.connection}, "/n", "e", std::to_string(i), {}});
  socket.text("5");
  for (int i = 0; i < 100; ++i) REQUIRE(socket.message() == "42/n,[\"e\"," + std::to_string(i) + "]");
  CHECK(status_of(poller.request("GET", url)) == 400);
  CHECK(server->counted().upgrades == 1);
  // A second WebSocket opens and is closed; the first goes on.
  loopback_client second{port()};
  CHECK(status_of(second.upgrade("/socket.io/?EIO=4&transport=websocket&sid=" + sid)) == 101);
  CHECK(second.frame().op == web::opcode::close);
  socket.text("42/n,1[\"x\"]");
  CHECK(socket.message() == "43/n,1[[\"x\"]]");
}

TEST_CASE_FIXTURE(web_fixture, "upgrade: a probe that fails leaves the session polling") {
  serve();
  loopback_client poller{port()};
  auto sid = sid_of(poller.request("GET", open_url));
  auto url = open_url + "&sid=" + sid;
  for (auto first : {"42[\"x\"]", "5", "2other"}) {
    loopback_client socket{port()};
    CHECK(status_of(socket.upgrade("/socket.io/?EIO=4&transport=websocket&sid=" + sid)) == 101);
    socket.text(first);
    CHECK(socket.frame().op == web::opcode::close);
  }
  CHECK(body_of(poller.request("POST", url, {}, "40")) == "ok");
  CHECK(body_of(poller.request("GET", url)) == R"(40{"sid":"sid"})");
}

TEST_CASE_FIXTURE(web_fixture, "io threads: a session's requests find it wherever they arrive") {
  serve(2);
  loopback_client opener{port()};
  auto sid = sid_of(opener.request("GET", open_url));
  auto url = open_url + "&sid=" + sid;
  CHECK(body_of(opener.request("POST", url, {}, "40/n")) == "ok");
  CHECK(body_of(opener.request("GET", url)) == R"(40/n,{"sid":"sid"})");
  // Each on a connection of its own, so that some reach the other thread.
  for (int i = 0; i < 40; ++i) {
    loopback_client poster{port()}, poller{port()};
    auto n = std::to_string(i);
    CHECK(body_of(poster.request("POST", url, {}, "42/n," + n + "[\"x\"]")) == "ok");
    CHECK(body_of(poller.request("GET", url)) == "43/n," + n + "[[\"x\"]]");
    CHECK(body_of(poller.request("POST", url, {}, "3")) == "ok"); // the connection goes on
  }
  for (int i = 0; i < 20; ++i) {
    loopback_client poller{port()}, socket{port()};
    auto other = sid_of(poller.request("GET", open_url));
    CHECK(status_of(socket.upgrade("/socket.io/?EIO=4&transport=websocket&sid=" + other)) == 101);
    socket.text("2probe");
    CHECK(socket.message() == "3probe");
    socket.text("5");
    socket.text("40/n");
    CHECK(socket.message() == R"(40/n,{"sid":"sid"})");
  }
}
