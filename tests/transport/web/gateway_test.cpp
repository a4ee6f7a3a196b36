#include "tests/transport/web/web_fixture.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::tests;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(web_fixture, "gateway: a client connects, emits, gets its ack, leaves") {
  serve();
  auto client = websocket();
  client.text("40/a,{\"token\":\"x\"}");
  CHECK(client.message() == R"(40/a,{"sid":"sid"})");
  client.text("42/a,7[\"data\",1]");
  CHECK(client.message() == R"(43/a,7[["data",1]])");
  client.text("42/a,[\"data\",2]");
  client.text("41/a");
  REQUIRE(heard.has("disconnect /a"));
  CHECK(heard.all() == std::vector<std::string>{R"(connect /a {"token":"x"})", R"(event /a ["data",1])",
                                                R"(event /a ["data",2])", "disconnect /a"});
}

TEST_CASE_FIXTURE(web_fixture, "gateway: a namespace with a pid, and refusals") {
  serve();
  auto client = websocket();
  client.text("40/pid");
  CHECK(client.message() == R"(40/pid,{"sid":"sid","pid":"pid"})");
  client.text("40/refused");
  CHECK(client.message() == R"(44/refused,{"message":"No Access","data":{"code":5403,"message":"not you"}})");
}

TEST_CASE_FIXTURE(web_fixture, "gateway: events reach those who have the namespace open, offsets those with a pid") {
  serve();
  auto plain = connected("/n"), with = connected("/pid"), other = connected("/other");
  auto gateway = client(0).gateway;
  std::vector<connection_id> all{client(0).connection, client(1).connection, client(2).connection, {999999}};
  caf::anon_send(gateway, emit_event{all, "/n", "data", "1", "off"});
  caf::anon_send(gateway, emit_event{all, "/pid", "data", "{\"a\":2}", "off"});
  caf::anon_send(gateway, emit_event{all, "/other", "bare", "", ""});
  CHECK(plain.message() == R"(42/n,["data",1])");
  CHECK(with.message() == R"(42/pid,["data",{"a":2},"off"])");
  CHECK(other.message() == R"(42/other,["bare"])");
}

TEST_CASE_FIXTURE(web_fixture, "gateway: attachments come and go") {
  serve();
  auto client = connected("/");
  client.text(R"(451-3["data",{"_placeholder":true,"num":0}])");
  client.binary("\x01\x02");
  CHECK(client.message() == R"(461-3[["data",{"_placeholder":true,"num":0}]])");
  auto attachment = client.frame();
  CHECK(attachment.op == web::opcode::binary);
  CHECK(attachment.payload == "\x01\x02");
}

TEST_CASE_FIXTURE(web_fixture, "gateway: what one sender says arrives in order, whatever it is") {
  serve();
  auto client = connected("/n");
  auto known = this->client();
  auto stream = next_stream_id();
  client.text("40/stream");
  REQUIRE(heard.has("connect /stream "));
  caf::anon_send(known.gateway, join_stream{known.connection, "/stream", "s", "", stream, owner(), overflow::skip,
                                            false, std::make_shared<stream_snapshot>()});
  CHECK(client.message() == R"(40/stream,{"sid":"s"})");
  CHECK(client.message() == R"(42/stream,["backlog",[]])");
  for (uint64_t i = 1; i <= 200; ++i) {
    publish(stream, known, i, 1);
    caf::anon_send(known.gateway, reply{known.connection, "/n", i, "0", {}});
    caf::anon_send(known.gateway, emit_event{{known.connection}, "/n", "e", std::to_string(i), {}});
  }
  for (uint64_t i = 1; i <= 200; ++i) {
    auto n = std::to_string(i);
    REQUIRE(client.message() == R"(42/stream,["data",")" + n + "\"]");
    REQUIRE(client.message() == "43/n," + n + "[0]");
    REQUIRE(client.message() == R"(42/n,["e",)" + n + "]");
  }
}

TEST_CASE_FIXTURE(web_fixture, "gateway: streams are joined with their snapshot, resumed without, and left") {
  serve();
  auto client = websocket();
  for (auto nsp : {"/stream/a", "/stream/b"}) client.text("40" + std::string{nsp});
  REQUIRE(heard.has("connect /stream/b "));
  auto known = this->client();
  auto stream = next_stream_id();
  auto who = owner();
  auto snapshot = std::make_shared<stream_snapshot>(stream_snapshot{{{1, "\"1\""}, {2, "\"2\""}}, 2});
  caf::anon_send(known.gateway,
                 join_stream{known.connection, "/stream/a", "sa", "", stream, who, overflow::skip, false, snapshot});
  CHECK(client.message() == R"(40/stream/a,{"sid":"sa"})");
  CHECK(client.message() == R"(42/stream/a,["backlog",["1","2"]])");
  caf::anon_send(known.gateway,
                 join_stream{known.connection, "/stream/b", "sb", "pb", stream, who, overflow::skip, true, snapshot});
  CHECK(client.message() == R"(40/stream/b,{"sid":"sb","pid":"pb"})");
  CHECK(client.message() == R"(42/stream/b,["data","1","1"])");
  CHECK(client.message() == R"(42/stream/b,["data","2","2"])");
  publish(stream, known, 3, 1);
  CHECK(client.message() == R"(42/stream/a,["data","3"])");
  CHECK(client.message() == R"(42/stream/b,["data","3","3"])");
  client.text("41/stream/a");
  REQUIRE(heard.has("leave /stream/a"));
  publish(stream, known, 4, 1);
  CHECK(client.message() == R"(42/stream/b,["data","4","4"])");
  caf::anon_send(known.gateway, end_stream{stream});
  CHECK(client.message() == "41/stream/b,");
  publish(stream, known, 5, 1); // to nobody
  client.text("40/end");
  CHECK(client.message() == R"(40/end,{"sid":"sid"})");
  CHECK(heard.count("leave /stream/b") == 0);      // the owner ended it itself
  CHECK(heard.count("disconnect /stream/b") == 1); // the session hears of it before anything else
}

TEST_CASE_FIXTURE(web_fixture, "gateway: owners hear of sockets that are gone, also when they never came") {
  serve();
  auto who = owner();
  auto stream = next_stream_id();
  auto snapshot = std::make_shared<stream_snapshot>();
  {
    auto client = websocket();
    for (auto nsp : {"/stream/1", "/stream/2"}) client.text("40" + std::string{nsp});
    REQUIRE(heard.has("connect /stream/2 "));
    auto known = this->client();
    caf::anon_send(known.gateway,
                   join_stream{known.connection, "/stream/1", "s", "", stream, who, overflow::skip, false, snapshot});
    caf::anon_send(known.gateway,
                   open_namespace{known.connection, "/stream/2", "s", "", caf::actor_cast<socket_owner_actor>(who)});
    CHECK(client.message() == R"(40/stream/1,{"sid":"s"})");
    CHECK(client.message() == R"(42/stream/1,["backlog",[]])");
    CHECK(client.message() == R"(40/stream/2,{"sid":"s"})");
  }
  CHECK(heard.has("leave /stream/1"));
  CHECK(heard.has("leave /stream/2"));
  CHECK(heard.has("lost transport close"));
  auto known = this->client();
  caf::anon_send(known.gateway,
                 join_stream{known.connection, "/late/1", "s", "", stream, who, overflow::skip, false, snapshot});
  caf::anon_send(known.gateway,
                 open_namespace{known.connection, "/late/2", "s", "", caf::actor_cast<socket_owner_actor>(who)});
  CHECK(heard.has("leave /late/1"));
  CHECK(heard.has("leave /late/2"));
}

TEST_CASE_FIXTURE(web_fixture, "gateway: a namespace can be taken away and asked for again") {
  serve();
  auto client = connected("/n");
  auto known = this->client();
  caf::anon_send(known.gateway, end_namespace{known.connection, "/n"});
  CHECK(client.message() == "41/n,");
  CHECK(heard.has("disconnect /n"));
  client.text("42/n,[\"too late\"]"); // the client could not know
  client.text("40/n");
  CHECK(client.message() == R"(40/n,{"sid":"sid"})");
  CHECK(heard.count("event /n [\"too late\"]") == 0);
}

TEST_CASE_FIXTURE(web_fixture, "gateway: a session that dies closes its own connection only") {
  serve();
  auto unlucky = connected("/n"), lucky = connected("/n");
  unlucky.text("42/n,[\"die\"]");
  auto frame = unlucky.frame();
  CHECK(frame.op == web::opcode::close);
  CHECK(frame.payload == "\x03\xf3session failed");
  lucky.text("42/n,1[\"alive\"]");
  CHECK(lucky.message() == "43/n,1[[\"alive\"]]");
  CHECK(server->counted().closes[static_cast<size_t>(web::close_cause::session_failed)] == 1);
}

TEST_CASE_FIXTURE(web_fixture, "gateway: malformed packets close that session and no other") {
  serve();
  auto good = connected("/n");
  for (auto packet : {"abc", "4abc", "42{}", "42/n,[]", "42/unknown,[\"x\"]", "44{}", "0", "5"}) {
    CAPTURE(packet);
    auto bad = connected("/n");
    bad.text(packet);
    CHECK(bad.frame().op == web::opcode::close);
  }
  CHECK(heard.has("lost parse error", 8));
  auto broken = connected("/n");
  broken.send("\xff\xff");
  auto frame = broken.frame();
  CHECK(frame.op == web::opcode::close);
  CHECK(frame.payload == "\x03\xeareserved bits are set");
  CHECK(broken.closed());
  CHECK(heard.has("lost transport error"));
  good.text("42/n,1[\"alive\"]");
  CHECK(good.message() == "43/n,1[[\"alive\"]]");
}

TEST_CASE_FIXTURE(web_fixture, "gateway: clients are known by address, agent and whether they take part in recovery") {
  serve();
  auto browser = websocket(), python = websocket(0, "&t=1700000000.5"), out = websocket(0, "&recovery=0");
  CHECK(client(0).info.recovery);
  CHECK_FALSE(client(1).info.recovery);
  CHECK_FALSE(client(2).info.recovery);
  CHECK(client(0).info.remote == "127.0.0.1");
}
