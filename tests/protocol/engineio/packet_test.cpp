#include "protocol/engineio/packet.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace stibium::engineio;
using namespace std::string_view_literals;

namespace {

using errc = parse_errc;

struct bad_text {
  std::string_view text;
  errc why;
};

} // namespace

TEST_CASE("engineio packet: good text packets decode and encode to the same text") {
  const std::pair<std::string_view, packet> table[] = {
      {"0{}", {packet_type::open, false, "{}"}},
      {"1", {packet_type::close, false, ""}},
      {"2", {packet_type::ping, false, ""}},
      {"2probe", {packet_type::ping, false, "probe"}},
      {"3", {packet_type::pong, false, ""}},
      {"3probe", {packet_type::pong, false, "probe"}},
      {"4", {packet_type::message, false, ""}},
      {"4hello", {packet_type::message, false, "hello"}},
      {"4a\0b"sv, {packet_type::message, false, "a\0b"sv}},
      {"44", {packet_type::message, false, "4"}},
      {"5", {packet_type::upgrade, false, ""}},
      {"6", {packet_type::noop, false, ""}},
  };
  for (const auto& [text, want] : table) {
    CAPTURE(text);
    const auto got = decode_text(text);
    REQUIRE(got.has_value());
    CHECK(*got == want);
    CHECK(encode(*got) == text);
  }
}

TEST_CASE("engineio packet: malformed text packets have named errors") {
  const bad_text table[] = {
      {"", errc::empty_packet},           {"abc", errc::unknown_type},       {"7", errc::unknown_type},
      {" 4hello", errc::unknown_type},    {"\0"sv, errc::unknown_type},      {"\xFF", errc::unknown_type},
      {"/", errc::unknown_type},          {"-1", errc::unknown_type},        {"b", errc::unknown_type},
      {"1x", errc::unexpected_data},      {"2x", errc::unexpected_data},     {"2prob", errc::unexpected_data},
      {"2probe ", errc::unexpected_data}, {"3PROBE", errc::unexpected_data}, {"5probe", errc::unexpected_data},
      {"6 ", errc::unexpected_data},
  };
  for (const auto& [text, why] : table) {
    CAPTURE(text);
    const auto got = decode_text(text);
    REQUIRE(got.has_error());
    CHECK(got.error() == why);
  }
}

TEST_CASE("engineio packet: errors are error codes with a text") {
  const boost::system::error_code code = errc::bad_base64;
  CHECK(code == errc::bad_base64);
  CHECK(code != make_error_code(errc::too_large));
  CHECK(code.message() == "malformed base64");
  CHECK(code.category().name() == "engine.io"sv);
  for (int value = 1; value <= static_cast<int>(errc::bad_handshake); ++value)
    CHECK(to_string(static_cast<errc>(value)) != "unknown error"sv);
}

TEST_CASE("engineio packet: binary messages have no type on a WebSocket") {
  const auto got = decode_binary("\x01\x02"sv);
  CHECK(got == packet{packet_type::message, true, "\x01\x02"sv});
  CHECK(encode(got) == "\x01\x02"sv);
  CHECK(encode(decode_binary("")).empty());
}

TEST_CASE("engineio payload: good payloads make the round trip") {
  const std::string_view table[] = {
      "4hello", "4test1\0364test2\0364test3", "4hello\036bAQIDBA==",    "bAQIDBA==\036bBQ==\0364x", "b", "b\0364",
      "2",      "4\xE2\x82\xAC\0361",         "bAAEC\036bAwQF\036bBgcI"};
  for (const auto text : table) {
    CAPTURE(text);
    const auto moved = decode_payload(text, {});
    REQUIRE(moved.has_value());
    auto again = *moved;
    std::string out;
    size_t bound = 0;
    for (const auto& each : moved->packets) {
      bound += payload_size(each);
      append_to_payload(out, each);
    }
    CHECK(out == text);
    CHECK(out.size() <= bound);
  }
}

TEST_CASE("engineio payload: binary packets hold their bytes, also after a move") {
  auto decoded = *decode_payload("bAQIDBA==\0364hello\036b/wA=", {});
  const auto moved = std::move(decoded);
  REQUIRE(moved.packets.size() == 3);
  CHECK(moved.packets[0] == packet{packet_type::message, true, "\x01\x02\x03\x04"});
  CHECK(moved.packets[1] == packet{packet_type::message, false, "hello"});
  CHECK(moved.packets[2] == packet{packet_type::message, true, "\xFF\0"sv});
}

TEST_CASE("engineio payload: malformed payloads have named errors and nothing of them counts") {
  const bad_text table[] = {
      {"", errc::empty_packet},
      {"abc", errc::unknown_type},
      {"4a\036", errc::empty_packet},
      {"\0364a", errc::empty_packet},
      {"4a\036\0364b", errc::empty_packet},
      {"4a\0369", errc::unknown_type},
      {"4a\0366b", errc::unexpected_data},
      {"bA", errc::bad_base64},
      {"bAQI", errc::bad_base64},
      {"bAQID=", errc::bad_base64},
      {"bAQ=D", errc::bad_base64},
      {"b====", errc::bad_base64},
      {"bA===", errc::bad_base64},
      {"bAQID\n", errc::bad_base64},
      {"b-_-_", errc::bad_base64},
      {"bAR==", errc::bad_base64}, // bits left over
      {"bAQJ=", errc::bad_base64},
      {"b AQI", errc::bad_base64},
      {"4\xFF", errc::invalid_utf8},
      {"4\xC0\x80", errc::invalid_utf8},
      {"4\xED\xA0\x80", errc::invalid_utf8}, // a surrogate
      {"4\xE2\x82\0364b", errc::invalid_utf8},
  };
  for (const auto& [text, why] : table) {
    CAPTURE(text);
    const auto got = decode_payload(text, {});
    REQUIRE(got.has_error());
    CHECK(got.error() == why);
  }
}

TEST_CASE("engineio payload: the limits hold exactly") {
  const payload_limits limits{.max_packets = 3, .max_bytes = 8};
  CHECK(decode_payload("2\0362\0362", limits).has_value());
  CHECK(decode_payload("2\0362\0362\0362", limits).error() == errc::too_many_packets);
  CHECK(decode_payload("41234567", limits).has_value());
  CHECK(decode_payload("412345678", limits).error() == errc::too_large);
}

TEST_CASE("engineio handshake: what is encoded decodes to the same") {
  const handshake plain{.sid = "abc", .websocket_upgrade = true};
  CHECK(encode_open(plain) ==
        R"(0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  const handshake other{"x-Y_z", false, 300, 200, 4000000000U};
  CHECK(encode_open(other) ==
        R"(0{"sid":"x-Y_z","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":4000000000})");
  for (const auto& each : {plain, other}) {
    const auto text = encode_open(each);
    const auto opened = decode_text(text);
    REQUIRE(opened.has_value());
    CHECK(opened->type == packet_type::open);
    CHECK(*decode_open(opened->data) == each);
  }
}

TEST_CASE("engineio handshake: what is no handshake is refused") {
  const std::string_view table[] = {"",
                                    "{",
                                    "[]",
                                    "null",
                                    "{}",
                                    R"({"sid":1})",
                                    R"({"sid":""})",
                                    R"({"sid":"a","pingInterval":"25000"})",
                                    R"({"sid":"a","pingTimeout":-1})",
                                    R"({"sid":"a","maxPayload":1.5})",
                                    R"({"sid":"a","maxPayload":4294967296})",
                                    R"({"sid":"a","upgrades":"websocket"})",
                                    "{\"sid\":\"\xFF\"}"};
  for (const auto text : table) {
    CAPTURE(text);
    const auto got = decode_open(text);
    REQUIRE(got.has_error());
    CHECK(got.error() == errc::bad_handshake);
  }
  const auto lenient = decode_open(R"({"more":1,"upgrades":[7,"websocket"],"sid":"a"})");
  REQUIRE(lenient.has_value());
  CHECK(*lenient == handshake{.sid = "a", .websocket_upgrade = true});
}
