#include "protocol/antimony/commands.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace stibium::antimony;

namespace {

struct bad_case {
  std::string json;
  std::string says; ///< part of the message
};

// The argument as clients send it: plain, and as a string that holds it.
std::string wrapped(const std::string& object) {
  std::string out = R"(["data",")";
  for (char c : object) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"]";
}

std::string plain(const std::string& object) { return R"(["data",)" + object + "]"; }

std::string error_of(const std::string& json) {
  const auto got = parse_lab_command(json);
  return got ? "accepted" : got.error().message;
}

} // namespace

TEST_CASE("commands: every command is read, as an object and as a string that holds one") {
  const std::string with_all = R"({"labId":"L","command":N,"node":"n1","shellId":"S"})";
  for (int number = 0; number <= 7; ++number) {
    auto object = with_all;
    object.replace(object.find('N'), 1, std::to_string(number));
    for (const auto& json : {plain(object), wrapped(object)}) {
      const auto got = parse_lab_command(json);
      REQUIRE_MESSAGE(got.has_value(), json);
      CHECK(got->lab_id == "L");
      CHECK(static_cast<int>(got->command) == number);
      CHECK(got->node == "n1");
      CHECK(got->shell_id == "S");
    }
  }
}

TEST_CASE("commands: fields that a command does not need may be absent or null") {
  CHECK(parse_lab_command(R"(["data",{"labId":"L","command":0}])").has_value());
  CHECK(parse_lab_command(R"(["data",{"labId":"L","command":5,"node":null,"shellId":null,"other":[1]}])").has_value());
  CHECK(parse_lab_command(R"(["data",{"labId":"L","command":7,"shellId":"S"},"more"])").has_value());
}

TEST_CASE("commands: the option swaps 2 and 3 and nothing else") {
  const auto number = [](int sent) {
    const auto got = parse_lab_command(
        plain(R"({"labId":"L","node":"n","shellId":"s","command":)" + std::to_string(sent) + "}"), true);
    return got ? static_cast<int>(got->command) : -1;
  };
  CHECK(number(2) == 3);
  CHECK(number(3) == 2);
  CHECK(number(4) == 4);
  CHECK(number(0) == 0);
}

TEST_CASE("commands: whatever is wrong is refused with the name of the field") {
  const std::string long_name(257, 'x');
  const bad_case cases[] = {
      {"", "not a JSON array"},
      {"{", "not a JSON array"},
      {"null", "not a JSON array"},
      {"[]", "not a JSON array"},
      {"[1,{}]", "not a JSON array"},
      {"[\"data\",{}", "not a JSON array"},
      {"[\"data\"] x", "not a JSON array"},
      {"[\"data\",{\"labId\":\"\xff\",\"command\":0}]", "not a JSON array"},
      {R"(["data"])", "data is missing"},
      {R"(["data",null])", "data must be an object"},
      {R"(["data",5])", "data must be an object"},
      {R"(["data",true])", "data must be an object"},
      {R"(["data",[]])", "data must be an object"},
      {R"(["data",["labId","L"]])", "data must be an object"},
      {R"(["data",""])", "data is a string, but not JSON"},
      {R"(["data","deploy"])", "data is a string, but not JSON"},
      {R"(["data","{\"labId\":"])", "data is a string, but not JSON"},
      {R"(["data","[]"])", "the JSON in it is not an object"},
      {R"(["data","\"{}\""])", "the JSON in it is not an object"},
      {R"(["data","null"])", "the JSON in it is not an object"},
      {R"(["data",{}])", "labId is missing"},
      {R"(["data",{"command":0}])", "labId is missing"},
      {R"(["data",{"labId":null,"command":0}])", "labId is missing"},
      {R"(["data",{"labId":"","command":0}])", "labId is missing"},
      {R"(["data",{"LabId":"L","command":0}])", "labId is missing"},
      {R"(["data",{"labId":7,"command":0}])", "labId must be a string"},
      {R"(["data",{"labId":{},"command":0}])", "labId must be a string"},
      {R"(["data",{"labId":"L","labId":"M","command":0}])", "labId is there twice"},
      {plain("{\"labId\":\"" + long_name + "\",\"command\":0}"), "labId is longer than 256 bytes"},
      {R"(["data",{"labId":"L"}])", "command is missing"},
      {R"(["data",{"labId":"L","command":null}])", "command is missing"},
      {R"(["data",{"labId":"L","command":"0"}])", "command must be a whole number"},
      {R"(["data",{"labId":"L","command":0.5}])", "command must be a whole number"},
      {R"(["data",{"labId":"L","command":8}])", "command must be a whole number from 0 to 7"},
      {R"(["data",{"labId":"L","command":-1}])", "command must be a whole number"},
      {R"(["data",{"labId":"L","command":99999999999999999999}])", "command must be a whole number"},
      {R"(["data",{"labId":"L","command":true}])", "command must be a whole number"},
      {R"(["data",{"labId":"L","command":[0]}])", "command must be a whole number"},
      {R"(["data",{"labId":"L","command":0,"command":1}])", "command is there twice"},
      {R"(["data",{"labId":"L","command":2}])", "node is missing: command 2"},
      {R"(["data",{"labId":"L","command":3,"node":null}])", "node is missing: command 3"},
      {R"(["data",{"labId":"L","command":4,"node":""}])", "node is missing: command 4"},
      {R"(["data",{"labId":"L","command":6,"shellId":"S"}])", "node is missing: command 6"},
      {R"(["data",{"labId":"L","command":2,"node":1}])", "node must be a string"},
      {R"(["data",{"labId":"L","command":0,"node":["n1"]}])", "node must be a string"},
      {plain("{\"labId\":\"L\",\"command\":2,\"node\":\"" + long_name + "\"}"), "node is longer"},
      {R"(["data",{"labId":"L","command":7}])", "shellId is missing"},
      {R"(["data",{"labId":"L","command":7,"node":"n1","shellId":""}])", "shellId is missing"},
      {R"(["data",{"labId":"L","command":7,"shellId":1}])", "shellId must be a string"},
      {R"(["data",{"labId":"L","command":0,"shellId":false}])", "shellId must be a string"},
  };
  for (const auto& [json, says] : cases) {
    CAPTURE(json);
    CHECK(error_of(json).find(says) != std::string::npos);
    CHECK(error_of(json) != "accepted");
  }
}

TEST_CASE("commands: nesting as deep as the input allows does no harm") {
  const std::string deep = plain(std::string(400000, '[') + std::string(400000, ']'));
  CHECK(error_of(deep).find("data must be an object") != std::string::npos);
  CHECK(error_of(std::string(900000, '[')) != "accepted");
}

TEST_CASE("commands: shell input is a string, whatever is in it") {
  CHECK(*parse_shell_input(R"(["data","ls\r"])") == "ls\r");
  CHECK(*parse_shell_input(R"(["data",""])") == "");
  CHECK(*parse_shell_input(R"(["data","a\u0000b"])") == std::string("a\0b", 3));
  for (const auto* bad : {R"(["data"])", R"(["data",1])", R"(["data",null])", R"(["data",{}])", R"(["data",["x"]])"}) {
    const auto got = parse_shell_input(bad);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().message == "data must be a string");
  }
}

TEST_CASE("commands: a resize has 1 to 1000 columns and rows") {
  const auto good = parse_resize(R"(["resize",{"cols":120,"rows":1}])");
  REQUIRE(good.has_value());
  CHECK(good->cols == 120);
  CHECK(good->rows == 1);
  CHECK(parse_resize(R"(["resize","{\"cols\":1000,\"rows\":1000}"])").has_value());
  const bad_case cases[] = {
      {R"(["resize"])", "data is missing"},
      {R"(["resize",80,24])", "must be an object"},
      {R"(["resize",{}])", "cols is missing"},
      {R"(["resize",{"cols":80}])", "rows is missing"},
      {R"(["resize",{"cols":0,"rows":24}])", "cols must be a whole number from 1 to 1000"},
      {R"(["resize",{"cols":80,"rows":1001}])", "rows must be a whole number"},
      {R"(["resize",{"cols":"80","rows":24}])", "cols must be a whole number"},
      {R"(["resize",{"cols":80.5,"rows":24}])", "cols must be a whole number"},
  };
  for (const auto& [json, says] : cases) {
    CAPTURE(json);
    const auto got = parse_resize(json);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().message.find(says) != std::string::npos);
  }
}

TEST_CASE("commands: an event's name is the first element of its array") {
  CHECK(*parse_event_name(R"(["data",1])") == "data");
  CHECK(*parse_event_name(R"(["resize"])") == "resize");
  CHECK_FALSE(parse_event_name(R"([1])").has_value());
  CHECK_FALSE(parse_event_name(R"("data")").has_value());
}
