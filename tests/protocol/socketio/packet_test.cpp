#include "protocol/socketio/packet.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace stibium::socketio;
using namespace std::string_view_literals;

namespace {

using errc = parse_errc;
using type = packet_type;

struct good_row {
  std::string_view text;
  packet want;
};

struct bad_row {
  std::string_view text;
  errc why;
};

std::string nested(size_t depth) {
  return "2[\"a\"," + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "]";
}

std::string encoded(const packet& what) {
  std::string out;
  append_packet(out, what);
  return out;
}

} // namespace

TEST_CASE("socketio packet: good packets decode, and make the round trip") {
  const good_row table[] = {
      {"0", {type::connect, "/", {}, 0, ""}},
      {"0{}", {type::connect, "/", {}, 0, "{}"}},
      {R"(0{"token":"123"})", {type::connect, "/", {}, 0, R"({"token":"123"})"}},
      {"0/custom", {type::connect, "/custom", {}, 0, ""}},
      {"0/custom,", {type::connect, "/custom", {}, 0, ""}},
      {R"(0/custom,{"token":"abc"})", {type::connect, "/custom", {}, 0, R"({"token":"abc"})"}},
      {"0/admin?token=1234&uid=a,{}", {type::connect, "/admin", {}, 0, "{}"}},
      {"0/?x", {type::connect, "/", {}, 0, ""}},
      // Auth that is no object is for the server to refuse.
      {R"(0/n,"text")", {type::connect, "/n", {}, 0, R"("text")"}},
      {"0/n,12", {type::connect, "/n", {}, 0, "12"}},
      {"0/n,null", {type::connect, "/n", {}, 0, "null"}},
      {"0[1]", {type::connect, "/", {}, 0, "[1]"}},
      {"1", {type::disconnect, "/", {}, 0, ""}},
      {"1/admin,", {type::disconnect, "/admin", {}, 0, ""}},
      {"1/custom", {type::disconnect, "/custom", {}, 0, ""}},
      {R"(2["foo"])", {type::event, "/", {}, 0, R"(["foo"])"}},
      {R"(2/admin,["bar"])", {type::event, "/admin", {}, 0, R"(["bar"])"}},
      {R"(212["foo"])", {type::event, "/", 12, 0, R"(["foo"])"}},
      {R"(2/a/b-c_d,0["foo",1e300,-0.5,[{}]])", {type::event, "/a/b-c_d", 0, 0, R"(["foo",1e300,-0.5,[{}]])"}},
      {R"(2999999999999999999["a"])", {type::event, "/", 999999999999999999U, 0, R"(["a"])"}},
      {R"(2007["a"])", {type::event, "/", 7, 0, R"(["a"])"}},
      {R"(2[7,"numeric"])", {type::event, "/", {}, 0, R"([7,"numeric"])"}},
      {R"(2["","x"])", {type::event, "/", {}, 0, R"(["","x"])"}},
      {"2 [ \"a\" ]\n", {type::event, "/", {}, 0, " [ \"a\" ]\n"}},
      {R"(2["Connect"])", {type::event, "/", {}, 0, R"(["Connect"])"}},
      {R"(2["a",["connect"],"connect"])", {type::event, "/", {}, 0, R"(["a",["connect"],"connect"])"}},
      {"2[\"\xE2\x82\xAC\\ud83d\\ude00\"]", {type::event, "/", {}, 0, "[\"\xE2\x82\xAC\\ud83d\\ude00\"]"}},
      {"2/h\xC3\xA4,[\"a\"]", {type::event, "/h\xC3\xA4", {}, 0, "[\"a\"]"}},
      {"312[]", {type::ack, "/", 12, 0, "[]"}},
      {R"(3/admin,13["bar",{}])", {type::ack, "/admin", 13, 0, R"(["bar",{}])"}},
      {R"(4{"message":"Not authorized"})", {type::connect_error, "/", {}, 0, R"({"message":"Not authorized"})"}},
      {R"(4/n,"text")", {type::connect_error, "/n", {}, 0, R"("text")"}},
      {R"(51-["hello",{"_placeholder":true,"num":0}])",
       {type::binary_event, "/", {}, 1, R"(["hello",{"_placeholder":true,"num":0}])"}},
      {R"(510-/admin,456["a"])", {type::binary_event, "/admin", 456, 10, R"(["a"])"}},
      {R"(50-["a"])", {type::binary_event, "/", {}, 0, R"(["a"])"}},
      {R"(61-/admin,456[{"_placeholder":true,"num":0}])",
       {type::binary_ack, "/admin", 456, 1, R"([{"_placeholder":true,"num":0}])"}},
  };
  for (const auto& [text, want] : table) {
    CAPTURE(text);
    const auto got = decode(text);
    REQUIRE(got.has_value());
    CHECK(*got == want);
    const auto again = encoded(*got);
    CHECK(again.front() == '4');
    const auto back = decode(std::string_view{again}.substr(1));
    REQUIRE(back.has_value());
    CHECK(*back == *got);
  }
}

TEST_CASE("socketio packet: malformed packets have named errors") {
  const bad_row table[] = {
      {"", errc::empty_packet},
      {"abc", errc::unknown_type},
      {"7", errc::unknown_type},
      {" 0", errc::unknown_type},
      {"\0"sv, errc::unknown_type},
      {"/custom", errc::unknown_type},
      // counts of attachments
      {"5", errc::bad_attachment_count},
      {R"(5["a"])", errc::bad_attachment_count},
      {R"(51["a"])", errc::bad_attachment_count},
      {R"(5-["a"])", errc::bad_attachment_count},
      {R"(5x-["a"])", errc::bad_attachment_count},
      {R"(5-1-["a"])", errc::bad_attachment_count},
      {R"(61/n,1["a"])", errc::bad_attachment_count},
      {R"(511-["a"])", errc::too_many_attachments},
      {R"(54294967297-["a"])", errc::too_many_attachments},
      {R"(518446744073709551617-["a"])", errc::too_many_attachments},
      // namespaces
      {"0/a\nb,", errc::bad_namespace},
      {"0/\0,"sv, errc::bad_namespace},
      {"0/a\x7F", errc::bad_namespace},
      {"0/\xFF", errc::bad_namespace},
      {"0/a?\xC3,", errc::bad_namespace},
      // ack ids
      {R"(21234567890123456789["a"])", errc::ack_id_too_long},
      {R"(20000000000000000000["a"])", errc::ack_id_too_long},
      {"3[]", errc::missing_ack_id},
      {"3/n,[]", errc::missing_ack_id},
      {"61-[]", errc::missing_ack_id},
      {R"(2abc["message-with-ack",1,"2",{"3":[false]}])", errc::bad_json},
      {R"(2-1["a"])", errc::bad_payload},
      {R"(2 1["a"])", errc::bad_payload},
      // payloads of the wrong shape
      {"1{}", errc::unexpected_payload},
      {"1/n,[]", errc::unexpected_payload},
      {"1 ", errc::unexpected_payload},
      {"112", errc::unexpected_payload},
      {"2", errc::bad_payload},
      {"2/n", errc::bad_payload},
      {"2/n,", errc::bad_payload},
      {"212", errc::bad_payload},
      {"2{}", errc::bad_payload},
      {R"(2"a")", errc::bad_payload},
      {"2null", errc::bad_payload},
      {"2[]", errc::bad_payload},
      {"2[null]", errc::bad_payload},
      {"2[true]", errc::bad_payload},
      {R"(2[{"a":1}])", errc::bad_payload},
      {R"(2[["a"]])", errc::bad_payload},
      {R"(51-{"_placeholder":true,"num":0})", errc::bad_payload},
      {"31", errc::bad_payload},
      {"31{}", errc::bad_payload},
      {R"(31"a")", errc::bad_payload},
      {"4", errc::bad_payload},
      // reserved names
      {R"(2["connect"])", errc::reserved_event},
      {R"(2["connect_error",1])", errc::reserved_event},
      {R"(2["disconnect"])", errc::reserved_event},
      {R"(2["disconnecting"])", errc::reserved_event},
      {R"(2["newListener"])", errc::reserved_event},
      {R"(2["removeListener"])", errc::reserved_event},
      {R"(2["\u0063onnect"])", errc::reserved_event},
      {R"(50-["disconnect"])", errc::reserved_event},
      // no JSON
      {"0{", errc::bad_json},
      {"0{}x", errc::bad_json},
      {"0{}{}", errc::bad_json},
      {"012{}", errc::bad_json},
      {"0,{}", errc::bad_json},
      {"0/n, ", errc::bad_json},
      {R"(2["a",])", errc::bad_json},
      {R"(2["a")", errc::bad_json},
      {R"(2["a"]])", errc::bad_json},
      {R"(2["a",01])", errc::bad_json},
      {R"(2["a",NaN])", errc::bad_json},
      {R"(2["a",+1])", errc::bad_json},
      {R"(2["a",1e999])", errc::bad_json},
      {R"(2["a",'b'])", errc::bad_json},
      {R"(2["a",{b:1}])", errc::bad_json},
      {R"(2["a",{"b":1,}])", errc::bad_json},
      {R"(2["a",undefined])", errc::bad_json},
      {R"(2["a"/* */])", errc::bad_json},
      {R"(2["\x41"])", errc::bad_json},
      {R"(2["\ud800"])", errc::bad_json},
      {"2[\"a\nb\"]", errc::bad_json},
      {"2[\"\0\"]"sv, errc::bad_json},
      {"2[\"a\"]\0"sv, errc::bad_json},
      {"2[\"a\"]\0x"sv, errc::bad_json},
      {"2[\"\xFF\"]", errc::bad_json},
      {"2[\"\xED\xA0\x80\"]", errc::bad_json},
      {"2[\"a\",{\"\xC3\":1}]", errc::bad_json},
      {"2[\"\xC3", errc::bad_json},
      {"\x32[\"\xEF\xBB\xBF\"]\xEF\xBB\xBF", errc::bad_json},
  };
  for (const auto& [text, why] : table) {
    CAPTURE(text);
    const auto got = decode(text);
    REQUIRE(got.has_error());
    CHECK(got.error() == why);
  }
}

TEST_CASE("socketio packet: a raw control character in a string is refused wherever it stands") {
  for (char control = 1; control < 0x20; ++control) {
    for (size_t before = 0; before < 40; ++before) {
      CAPTURE(static_cast<int>(control));
      CAPTURE(before);
      const auto text = "2[\"data\",\"" + std::string(before, 'x') + control + std::string(20, 'y') + "\"]";
      const auto decoded = decode(text);
      REQUIRE_FALSE(decoded.has_value());
      CHECK((decoded.error() == parse_errc::bad_json));
    }
  }
}

TEST_CASE("socketio packet: the limits hold exactly") {
  CHECK(decode(nested(max_json_depth)).has_value());
  CHECK(decode(nested(max_json_depth + 1)).error() == errc::too_deep);
  CHECK(decode("2[\"a\"," + std::string(900000, '[')).error() == errc::too_deep);
  CHECK(decode("0/" + std::string(max_packet_namespace - 1, 'n')).has_value());
  CHECK(decode("0/" + std::string(max_packet_namespace, 'n')).error() == errc::namespace_too_long);
  CHECK(decode("2" + std::string(max_ack_digits, '9') + "[\"a\"]").has_value());
  CHECK(decode("2" + std::string(max_ack_digits + 1, '9') + "[\"a\"]").error() == errc::ack_id_too_long);
  const auto large = "2[\"a\",\"" + std::string(900000, 'x') + "\"]";
  CHECK(decode(large)->json.size() == large.size() - 1);
}

TEST_CASE("socketio packet: errors are error codes with a text") {
  const boost::system::error_code code = errc::reserved_event;
  CHECK(code.message() == "reserved event name");
  CHECK(code.category().name() == "socket.io"sv);
  for (int value = 1; value <= static_cast<int>(errc::reserved_event); ++value)
    CHECK(to_string(static_cast<errc>(value)) != "unknown error"sv);
}

TEST_CASE("socketio packet: what the server sends") {
  std::string out;
  const auto take = [&out] { return std::exchange(out, {}); };
  append_connect(out, "/", "s1");
  CHECK(take() == R"(40{"sid":"s1"})");
  append_connect(out, "/custom", "s1", "p1");
  CHECK(take() == R"(40/custom,{"sid":"s1","pid":"p1"})");
  append_connect_error(out, "/random", "Invalid namespace");
  CHECK(take() == R"(44/random,{"message":"Invalid namespace"})");
  append_connect_error(out, "/", "No \"Access\"", R"({"code":5403,"message":"x"})");
  CHECK(take() == R"(44{"message":"No \"Access\"","data":{"code":5403,"message":"x"}})");
  append_disconnect(out, "/");
  CHECK(take() == "41");
  append_disconnect(out, "/a");
  CHECK(take() == "41/a,");
  append_event(out, "/", "auth", "{}");
  CHECK(take() == R"(42["auth",{}])");
  append_event(out, "/a", "message-back", R"(1,"2")");
  CHECK(take() == R"(42/a,["message-back",1,"2"])");
  append_event(out, "/", "x", "");
  CHECK(take() == R"(42["x"])");
  append_ack(out, "/", 456, R"(1,"2")");
  CHECK(take() == R"(43456[1,"2"])");
  append_ack(out, "/a", 0, "");
  CHECK(take() == "43/a,0[]");
  append_packet(out, {type::binary_event, "/", {}, 2, R"(["b"])"});
  CHECK(take() == R"(452-["b"])");
  append_packet(out, {type::binary_ack, "/a", 789, 2, "[]"});
  CHECK(take() == "462-/a,789[]");
}
