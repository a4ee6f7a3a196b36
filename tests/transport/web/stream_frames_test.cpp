#include "transport/web/client_info.hpp"
#include "transport/web/cors.hpp"
#include "transport/web/stream_frames.hpp"
#include "transport/web/upgrade.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::web;

namespace {

std::vector<std::string> payloads(std::string_view frames) {
  std::vector<std::string> out;
  while (!frames.empty()) {
    auto frame = front_frame(frames);
    out.emplace_back(frame.payload);
    frames.remove_prefix(frame.size);
  }
  return out;
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("client info: the network that a client has to itself") {
  for (const auto& [address, network] :
       std::initializer_list<std::pair<const char*, const char*>>{{"10.0.0.1", "10.0.0.1"},
                                                                  {"2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"},
                                                                  {"2001:db8:0:1:ffff::", "2001:db8:0:1::/64"},
                                                                  {"::1", "::/64"},
                                                                  {"::ffff:10.0.0.1", "10.0.0.1"},
                                                                  {"", ""},
                                                                  {"nonsense", "nonsense"}})
    CHECK(client_network(address) == network);
}

TEST_CASE("stream frames: entries become events, with an offset for those who take part in recovery") {
  stream_entries entries{{7, "\"a\""}, {8, "\"b\""}};
  auto plain = stream_encoder{"/logs/1", false}.data(entries);
  REQUIRE(plain.size() == 1);
  CHECK(payloads(plain[0].batch->frames) == strings{R"(42/logs/1,["data","a"])", R"(42/logs/1,["data","b"])"});
  CHECK(plain[0].entries == 2);
  CHECK(plain[0].last_seq == 8);
  auto offsets = stream_encoder{"/", true}.data(entries);
  CHECK(payloads(offsets[0].batch->frames) == strings{R"(42["data","a","7"])", R"(42["data","b","8"])"});
}

TEST_CASE("stream frames: many entries become chunks") {
  stream_entries entries;
  for (uint64_t i = 1; i <= 1000; ++i) entries.push_back({i, "\"" + std::string(998, 'x') + "\""});
  auto chunks = stream_encoder{"/s", false}.data(entries);
  CHECK(chunks.size() > 10);
  size_t count = 0;
  for (auto& chunk : chunks) {
    CHECK(chunk.batch->frames.size() < 70 * 1024);
    count += chunk.entries;
    CHECK(chunk.last_seq == count);
    CHECK(payloads(chunk.batch->frames).size() == chunk.entries);
  }
  CHECK(count == 1000);
}

TEST_CASE("stream frames: the backlog is one event, and is there when it is empty") {
  stream_snapshot snapshot{{{1, "\"a\""}, {2, "\"b\""}}, 2};
  CHECK(payloads(stream_encoder{"/s", false}.backlog(snapshot)->frames) == strings{R"(42/s,["backlog",["a","b"]])"});
  CHECK(payloads(stream_encoder{"/s", true}.backlog(snapshot)->frames) == strings{R"(42/s,["backlog",["a","b"],"2"])"});
  CHECK(payloads(stream_encoder{"/s", true}.backlog({})->frames) == strings{R"(42/s,["backlog",[],"0"])"});
}

TEST_CASE("stream frames: the marker says how many lines are missing") {
  CHECK(payloads(stream_encoder{"/s", false}.marker(12, 99)->frames) ==
        strings{"42/s,[\"data\",\"\xe2\x80\xa6 12 lines skipped \xe2\x80\xa6\"]"});
  CHECK(payloads(stream_encoder{"/s", true}.marker(1, 99)->frames) ==
        strings{"42/s,[\"data\",\"\xe2\x80\xa6 1 lines skipped \xe2\x80\xa6\",\"99\"]"});
}

TEST_CASE("recovery: python clients and those who opt out do not take part") {
  struct row {
    const char *query, *agent;
    bool takes_part;
  };
  for (auto& r : {row{"EIO=4&transport=websocket", "Mozilla/5.0", true}, row{"EIO=4&t=OxyZ12", "Mozilla/5.0", true},
                  row{"EIO=4", "", true}, row{"EIO=4&recovery=1", "", true}, row{"EIO=4&recovery=0", "", false},
                  row{"EIO=4&t=1700000000.25", "", false}, row{"EIO=4", "python-requests/2.31", false},
                  row{"EIO=4", "Python/3.11 aiohttp/3.9", false}, row{"EIO=4", "node-XMLHttpRequest", true}}) {
    CAPTURE(r.query);
    CAPTURE(r.agent);
    CHECK(takes_part_in_recovery(r.query, r.agent) == r.takes_part);
  }
}

TEST_CASE("CORS: headers for listed origins, for all origins, and for none") {
  auto first = [](const http_headers& headers) {
    return headers.empty() ? "" : headers[0].first + ": " + headers[0].second;
  };
  CHECK(cors_headers({}, "https://a").empty());
  CHECK(cors_headers({"*"}, "").empty());
  CHECK(first(cors_headers({"*"}, "https://a")) == "Access-Control-Allow-Origin: *");
  auto listed = cors_headers({"https://b", "https://a"}, "https://a");
  CHECK(first(listed) == "Access-Control-Allow-Origin: https://a");
  CHECK(listed[1] == std::pair<std::string, std::string>{"Access-Control-Allow-Credentials", "true"});
  CHECK(first(cors_headers({"https://b"}, "https://a")) == "Vary: Origin");
}

TEST_CASE("CORS: preflights of allowed origins are answered") {
  http_request request;
  request.method = "OPTIONS";
  request.headers = {{"origin", "https://a"},
                     {"access-control-request-method", "PUT"},
                     {"access-control-request-headers", "x-a, x-b"}};
  CHECK_FALSE(answer_preflight({}, request));
  CHECK_FALSE(answer_preflight({"https://b"}, request));
  auto answer = answer_preflight({"https://a"}, request);
  REQUIRE(answer);
  CHECK(answer->status == 204);
  CHECK(answer->headers[1].second == "x-a, x-b");
  request.method = "GET";
  CHECK_FALSE(answer_preflight({"https://a"}, request));
}

TEST_CASE("upgrade: the sample of RFC 6455 is answered, broken requests are refused") {
  http_request good;
  good.method = "GET";
  good.headers = {{"upgrade", "WebSocket"},
                  {"connection", "keep-alive, Upgrade"},
                  {"Sec-WebSocket-Version", "13"},
                  {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  auto answer = answer_upgrade(good);
  CHECK_FALSE(answer.refused);
  CHECK(answer.accepted.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  auto status = [&](size_t header, const char* value) {
    auto bad = good;
    bad.headers[header].second = value;
    auto refused = answer_upgrade(bad).refused;
    return refused ? refused->status : 101;
  };
  CHECK(status(0, "h2c") == 400);
  CHECK(status(1, "close") == 400);
  CHECK(status(2, "8") == 426);
  CHECK(status(3, "") == 400);
  CHECK(status(3, "dGhlIHNhbXBsZSBub25jZQ") == 400);
  CHECK(status(3, "c2hvcnQ=") == 400);
  good.method = "POST";
  CHECK(answer_upgrade(good).refused->status == 400);
}
