#include "tests/transport/web/client_frame.hpp"
#include "tests/transport/web/web_fixture.hpp"
#include "transport/web/engine_session.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

using namespace stibium;
using namespace stibium::tests;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(web_fixture, "server: a port in use and an address that is none are told") {
  serve();
  web_fixture other;
  other.options.port = port();
  std::string said;
  try {
    other.serve(2);
  } catch (const std::exception& error) {
    said = error.what();
  }
  CHECK(said == "cannot listen on 127.0.0.1:" + std::to_string(port()) + ": Address already in use");
  web_fixture wrong;
  wrong.options.host = "example.org";
  try {
    wrong.serve();
  } catch (const std::exception& error) {
    said = error.what();
  }
  CHECK(said == "cannot listen on example.org: not an address; names are not looked up (0.0.0.0 is every address)");
}

TEST_CASE_FIXTURE(web_fixture, "server: a shutdown tells every client, sends what is queued and ends") {
  std::vector<web::http_reply> kept;
  options.on_http = [&](web::http_request, web::http_reply reply) { kept.push_back(std::move(reply)); };
  serve(2);
  auto first = connected("/n"), second = connected("/n");
  loopback_client poller{port()}, idle{port()}, waiting{port()};
  auto sid = between(poller.request("GET", "/socket.io/?EIO=4&transport=polling"), "\"sid\":\"", "\"");
  poller.send("GET /socket.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: t\r\n\r\n");
  while (server->counted().http_requests < 4) std::this_thread::yield(); // the poll waits
  std::thread readers{[&] {
    for (auto* client : {&first, &second}) {
      auto frame = client->frame();
      CHECK(frame.op == web::opcode::close);
      CHECK(frame.payload == "\x03\xe9server shutting down");
      client->send("\x88\x80\1\1\1\1");
      CHECK(client->closed());
    }
    CHECK(body_of(poller.answer()) == "1");
    CHECK(poller.closed());
    CHECK(idle.closed());
  }};
  auto begun = std::chrono::steady_clock::now();
  server->shutdown(20s);
  CHECK(std::chrono::steady_clock::now() - begun < 15s);
  readers.join();
  CHECK(heard.has("lost server shutting down", 3));
  CHECK_THROWS(loopback_client{port()});
  server->shutdown(1s); // no effect
}

TEST_CASE_FIXTURE(web_fixture, "server: who does not react is cut off at the deadline") {
  std::vector<web::http_reply> kept;
  options.on_http = [&](web::http_request, web::http_reply reply) { kept.push_back(std::move(reply)); };
  serve();
  auto stuck = connected("/n");
  loopback_client waiting{port()};
  waiting.send("GET /never HTTP/1.1\r\nHost: t\r\n\r\n");
  while (server->counted().http_requests < 2) std::this_thread::yield();
  auto begun = std::chrono::steady_clock::now();
  server->shutdown(200ms);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(waiting.closed());
}

TEST_CASE_FIXTURE(web_fixture, "server: no pong, no CONNECT: the connection is closed with the reason") {
  options.ping_interval = 50ms;
  options.ping_timeout = 50ms;
  serve();
  auto silent = websocket();
  CHECK(heard.has("lost ping timeout"));
  CHECK(silent.closed());
}

TEST_CASE_FIXTURE(web_fixture, "server: a client that asks for no namespace is closed") {
  options.connect_timeout = 50ms;
  serve();
  auto silent = websocket();
  auto frame = silent.frame();
  CHECK(frame.op == web::opcode::close);
  CHECK(frame.payload == "\x03\xe8"
                         "connect timeout");
  CHECK(heard.has("lost connect timeout"));
}

TEST_CASE_FIXTURE(web_fixture, "server: frames that come with the upgrade request are read") {
  serve();
  loopback_client client{port()};
  client.send(
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      client_frame(0x81, "40/n") + client_frame(0x89, std::string(100, 'p')) + client_frame(0x01, "40"));
  CHECK(status_of(client.answer()) == 101);
  CHECK(client.message().starts_with("0{"));
  CHECK(client.frame().op == web::opcode::pong);
  CHECK(client.message() == R"(40/n,{"sid":"sid"})");
  client.send(client_frame(0x80, "/m"));
  CHECK(client.message() == R"(40/m,{"sid":"sid"})");
}

TEST_CASE_FIXTURE(web_fixture, "server: session ids are long, url-safe and never the same") {
  serve();
  std::set<std::string> seen;
  loopback_client client{port()};
  for (int i = 0; i < 500; ++i) {
    auto sid = between(client.request("GET", "/socket.io/?EIO=4&transport=polling"), "\"sid\":\"", "\"");
    CHECK(sid.size() == 20);
    CHECK(sid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    CHECK(seen.insert(sid).second);
  }
}

namespace {

struct echo_sink final : web::session_sink {
  void opened(web::engine_session&, web::client_info) override {}
  void text(web::engine_session& on, std::string_view message) override { on.send_text("4" + std::string{message}); }
  void binary(web::engine_session& on, std::string_view message) override { on.send_binary(message); }
  void relieved(web::engine_session&) override {}
  void closed(web::engine_session&, web::close_cause) override {}
};

} // namespace

TEST_CASE_FIXTURE(web_fixture, "server: Engine.IO alone, with large, fragmented and binary messages") {
  options.make_engine_sink = [] { return std::make_unique<echo_sink>(); };
  options.max_payload = 300000;
  serve();
  auto client = websocket();
  for (size_t size : {0, 1, 125, 126, 500, 511, 512, 513, 4000, 5000, 65535, 65536, 299999}) {
    std::string text(size, 'x');
    client.text("4" + text);
    CHECK(client.message() == "4" + text);
    client.binary(text);
    auto frame = client.frame();
    CHECK(frame.op == web::opcode::binary);
    CHECK(frame.payload == text);
  }
  for (int i = 0; i < 2000; ++i) client.text("4" + std::to_string(i));
  for (int i = 0; i < 2000; ++i) REQUIRE(client.message() == "4" + std::to_string(i));
  client.send("\x89\x82\1\1\1\1"
              "ij");
  auto pong = client.frame();
  CHECK(pong.op == web::opcode::pong);
  CHECK(pong.payload == "hk");
  client.text(std::string(300001, 'x'));
  auto closed = client.frame();
  CHECK(closed.op == web::opcode::close);
  CHECK(closed.payload == "\x03\xf1message is too big");
}
