#include "tests/transport/web/web_fixture.hpp"

#include <doctest/doctest.h>

#include <future>
#include <thread>

using namespace stibium;
using namespace stibium::tests;
using namespace std::chrono_literals;

namespace {

/// A handler that says what it was asked.
void echo(web::http_request request, web::http_reply reply) {
  reply({200,
         "text/plain",
         request.method + " " + request.target + " " + request.query + " " + request.body,
         {{"X-A", "1"}}});
}

} // namespace

TEST_CASE_FIXTURE(web_fixture, "http: requests reach the handler, one after the other on one connection") {
  options.on_http = echo;
  serve();
  loopback_client client{port()};
  auto answer = client.request("GET", "/a%20b?x=1");
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == "GET /a b x=1 ");
  CHECK(answer.find("X-A: 1\r\n") != std::string::npos);
  CHECK(answer.find("Date: ") != std::string::npos);
  CHECK(body_of(client.request("POST", "/c", {}, "body")) == "POST /c  body");
  CHECK(body_of(client.request("DELETE", "http://test/d")) == "DELETE /d  ");
  auto head = client.request("HEAD", "/e");
  CHECK(body_of(head).empty());
  CHECK(head.find("Content-Length: 8\r\n") != std::string::npos);
  client.send("GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(body_of(client.answer()) == "GET /1  ");
  CHECK(body_of(client.answer()) == "GET /2  ");
  client.send("GET /3 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  CHECK(client.answer().find("Connection: close\r\n") != std::string::npos);
  CHECK(client.closed());
}

TEST_CASE_FIXTURE(web_fixture, "http: HTTP/1.0 is served too") {
  options.on_http = echo;
  serve();
  loopback_client client{port()};
  client.send("GET /1 HTTP/1.0\r\n\r\n");
  CHECK(body_of(client.answer()) == "GET /1  ");
  CHECK(client.closed());
}

TEST_CASE_FIXTURE(web_fixture, "http: chunked bodies and Expect are understood") {
  options.on_http = echo;
  serve();
  loopback_client client{port()};
  client.send("POST /x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CHECK(body_of(client.answer()) == "POST /x  abcde");
  client.send("POST /y HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  CHECK(status_of(client.answer()) == 100);
  client.send("xyz");
  CHECK(body_of(client.answer()) == "POST /y  xyz");
}

TEST_CASE_FIXTURE(web_fixture, "http: what is too large, unknown or broken is refused by its status") {
  options.max_body = 3000;
  options.max_payload = 2000;
  options.on_http = echo;
  serve();
  struct row {
    std::string name, bytes;
    int status;
  };
  auto host = std::string{"Host: t\r\n"};
  std::vector<row> rows{
      {"body by length", "POST /x HTTP/1.1\r\n" + host + "Content-Length: 3001\r\n\r\n", 413},
      {"body by chunks",
       "POST /x HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nbb9\r\n" + std::string(3001, 'x'), 413},
      {"polling payload",
       "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\n" + host + "Content-Length: 2001\r\n\r\n", 413},
      {"target", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"target without end", "GET /" + std::string(20000, 'x'), 414},
      {"headers", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(20000, 'x') + "\r\n\r\n", 431},
      {"headers without end", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(100000, 'x'), 431},
      {"many headers",
       "GET / HTTP/1.1\r\n" + host +
           [] {
             std::string many;
             for (int i = 0; i < 2000; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
             return many;
           }() +
           "\r\n",
       431},
      {"method", "BREW /pot HTTP/1.1\r\n" + host + "\r\n", 501},
      {"transfer coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"two transfer codings", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked twice", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501},
      {"chunked with a parameter", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n",
       501},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"length and chunks", "POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"chunks and length", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       400},
      {"blank before the colon", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n", 400},
      {"chunk extension without end",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n2;x=" + std::string(200000, 'x'), 431},
      {"trailers without end",
       "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n" +
           [] {
             std::string many;
             for (int i = 0; i < 20000; ++i) many += "X-A: 123\r\n";
             return many;
           }(),
       431},
      {"payload at a path in disguise",
       "POST /socket%2Eio/?EIO=4&transport=polling&sid=x HTTP/1.1\r\n" + host + "Content-Length: 2001\r\n\r\n", 413},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"no path", "GET x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"no HTTP", "hello\r\n\r\n", 400},
      {"header without colon", "GET / HTTP/1.1\r\nHost t\r\n\r\n", 400},
      {"two lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"length no number", "POST / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400},
  };
  for (auto& r : rows) {
    CAPTURE(r.name);
    loopback_client client{port()};
    client.send(r.bytes);
    CHECK(status_of(client.answer()) == r.status);
    CHECK(client.closed());
  }
  loopback_client client{port()};
  CHECK(status_of(client.request("GET", "/still")) == 200);
}

TEST_CASE_FIXTURE(web_fixture, "http: whoever sends too slowly is told so and closed, whoever idles is closed") {
  options.header_timeout = 50ms;
  options.body_timeout = 50ms;
  options.idle_timeout = 50ms;
  options.on_http = echo;
  serve();
  loopback_client head{port()}, body{port()}, idle{port()};
  head.send("GET / HTTP/1.1\r\nHost:");
  CHECK(status_of(head.answer()) == 408);
  CHECK(head.closed());
  body.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nabc");
  CHECK(status_of(body.answer()) == 408);
  CHECK(body.closed());
  CHECK(status_of(idle.request("GET", "/")) == 200);
  CHECK(idle.closed());
}

TEST_CASE_FIXTURE(web_fixture, "http: without a handler everything is 404") {
  serve();
  loopback_client client{port()};
  CHECK(status_of(client.request("GET", "/x")) == 404);
  CHECK(status_of(client.request("HEAD", "/x")) == 404);
}

TEST_CASE_FIXTURE(web_fixture, "http: answers may come from any thread, late, or not at all") {
  std::promise<web::http_reply> late;
  std::thread other;
  options.on_http = [&](web::http_request request, web::http_reply reply) {
    if (request.target == "/late") late.set_value(std::move(reply));
    if (request.target == "/thread") other = std::thread{[reply] { reply({201, "", "", {}}); }};
    if (request.target == "/throws") throw std::runtime_error("as asked");
    // others are forgotten
  };
  serve();
  {
    loopback_client leaves{port()};
    leaves.send("GET /late HTTP/1.1\r\nHost: t\r\n\r\n");
    auto reply = late.get_future().get();
    { auto gone = std::move(leaves); }
    reply({200, "text/plain", "nobody hears", {}});
  }
  loopback_client client{port()};
  CHECK(status_of(client.request("GET", "/thread")) == 201);
  other.join();
  CHECK(status_of(client.request("GET", "/forgotten")) == 500);
  CHECK(status_of(client.request("GET", "/throws")) == 500);
}

TEST_CASE_FIXTURE(web_fixture, "http: headers of handlers cannot smuggle further ones") {
  options.on_http = [](web::http_request, web::http_reply reply) { reply({200, "", "", {{"X", "a\r\nY: b"}}}); };
  serve();
  loopback_client client{port()};
  CHECK(client.request("GET", "/").find("X: a  Y: b\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(web_fixture, "http: CORS is answered for allowed origins only") {
  options.cors_origins = {"https://good"};
  options.on_http = echo;
  serve();
  loopback_client client{port()};
  auto preflight = client.request("OPTIONS", "/labs", "Origin: https://good\r\nAccess-Control-Request-Method: PUT\r\n");
  CHECK(status_of(preflight) == 204);
  CHECK(preflight.find("Access-Control-Allow-Origin: https://good\r\n") != std::string::npos);
  auto foreign = client.request("GET", "/labs", "Origin: https://bad\r\n");
  CHECK(foreign.find("Access-Control-Allow-Origin") == std::string::npos);
  auto poll = client.request("GET", "/socket.io/?EIO=4&transport=polling", "Origin: https://good\r\n");
  CHECK(poll.find("Access-Control-Allow-Credentials: true\r\n") != std::string::npos);
}
