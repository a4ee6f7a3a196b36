#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/labs.hpp"
#include "deploy/client/terminal.hpp"
#include "deploy/client/url.hpp"

#include <doctest/doctest.h>

using namespace stibium::client;

namespace {

std::string text_of_failure(const std::function<void()>& what) {
  try {
    what();
  } catch (const failure& error) {
    return error.what();
  }
  return {};
}

std::vector<lab> three_labs() {
  return {
      {"11111111-a", "ping", {}, {}, {}}, {"12222222-b", "ring", {}, {}, {}}, {"33333333-c", "ring-wide", {}, {}, {}}};
}

} // namespace

TEST_CASE("client: services are named by URL, or by host and port") {
  CHECK(parse_url("http://127.0.0.1:3000").text == "http://127.0.0.1:3000");
  CHECK(parse_url("http://lab.example/").port == 80);
  CHECK(parse_url("lab.example:81").host == "lab.example");
  CHECK(parse_url("[::1]:81").host == "::1");
  CHECK(parse_url("http://[::1]").text == "http://[::1]:80");
  for (const auto* wrong :
       {"", "http://", "https://a", "http://a/b", "ftp://a", "a b", "a:0", "a:99999", ":80", "u@a"}) {
    CAPTURE(wrong);
    CHECK(text_of_failure([&] { parse_url(wrong); }).find("--url http://HOST:PORT") != std::string::npos);
  }
}

TEST_CASE("client: a lab is found by id, name, or what only it begins with") {
  const auto all = three_labs();
  CHECK(find_lab(all, "ping").id == "11111111-a");
  CHECK(find_lab(all, "12222222-b").name == "ring");
  CHECK(find_lab(all, "3").name == "ring-wide");
  CHECK(find_lab(all, "pi").name == "ping");
  CHECK(find_lab(all, "ring").name == "ring"); // exact goes before begun
  CHECK(text_of_failure([&] { find_lab(all, "rin"); }).find("may be each of\n  ring  12222222-b\n  ring-wide") !=
        std::string::npos);
  CHECK(text_of_failure([&] { find_lab(all, "zzz"); }).find("there are:\n  ping") != std::string::npos);
  CHECK(text_of_failure([&] { find_lab({}, "zzz"); }).find("no other that you may see") != std::string::npos);
  CHECK(text_of_failure([&] { find_lab(all, ""); }).find("there is no lab") != std::string::npos);
}

TEST_CASE("client: two labs of one name are told apart by id only") {
  auto all = three_labs();
  all.push_back({"44444444-d", "ping", {}, {}, {}});
  CHECK(text_of_failure([&] { find_lab(all, "ping"); }).find("44444444-d") != std::string::npos);
  CHECK(find_lab(all, "44").name == "ping");
}

TEST_CASE("client: a lab is read from what the service sends, whatever is missing") {
  const auto full = parse_json(R"({"id":"x","name":"ping","creator":{"id":"u","name":"admin"},"instance":{"state":1,
    "nodes":[{"name":"n1","kind":"linux","state":"running","containerId":"abc"}]}})");
  const auto read = lab_from(full);
  CHECK(read.state == "running");
  CHECK(read.creator == "admin");
  REQUIRE(read.nodes.size() == 1);
  CHECK(read.nodes[0].container_id == "abc");
  CHECK(lab_from(parse_json("{}")).state == "inactive");
  CHECK(lab_from(parse_json(R"({"instance":null,"id":5})")).id.empty());
  CHECK(labs_from(parse_json("null")).empty());
}

TEST_CASE("client: columns line up") {
  CHECK(table({{"A", "B"}, {"long", "x"}, {"é", ""}}) == "A     B\nlong  x\né\n");
}

TEST_CASE("client: ~. at the begin of a line detaches, as in ssh") {
  escape_filter filter;
  CHECK(filter.feed("a~.").text == "a~.");
  CHECK(filter.feed("\r").text == "\r");
  CHECK(filter.feed("~").text.empty());
  CHECK(filter.feed("x").text == "~x");
  CHECK(filter.feed("\r~~").text == "\r~");
  const auto last = filter.feed("b\r~.c");
  CHECK(last.detach);
  CHECK(last.text == "b\r");
  CHECK(escape_filter{}.feed("~.").detach); // a new terminal is at the begin of a line
}

TEST_CASE("client: characters split over two reads are typed whole") {
  utf8_joiner joiner;
  CHECK(joiner.feed("a\xc3") == "a");
  CHECK(joiner.feed("\xa9"
                    "b") == "\xc3\xa9"
                            "b");
  CHECK(joiner.feed("\xf0\x9f") == "");
  CHECK(joiner.feed("\x98") == "");
  CHECK(joiner.feed("\x80") == "\xf0\x9f\x98\x80");
  CHECK(joiner.feed("\xff") == "\xff"); // can be part of nothing
  CHECK(joiner.feed("") == "");
}

TEST_CASE("client: text becomes JSON that is always valid") {
  CHECK(json_text("a\"\n\xff") == "\"a\\\"\\n\xef\xbf\xbd\"");
  CHECK(object({{"a", "1"}, {"b", json_text("x")}}) == R"({"a":1,"b":"x"})");
  CHECK(text_of_failure([] { parse_json("{"); }).find("no JSON") != std::string::npos);
}
