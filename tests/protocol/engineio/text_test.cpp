#include "protocol/engineio/base64.hpp"
#include "protocol/engineio/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace stibium::engineio;
using namespace std::string_view_literals;

TEST_CASE("utf8: the bounds of every length") {
  const std::string_view good[] = {"",
                                   "a",
                                   "\0"sv,
                                   "\x7F",
                                   "\xC2\x80",
                                   "\xDF\xBF",
                                   "\xE0\xA0\x80",
                                   "\xED\x9F\xBF",
                                   "\xEE\x80\x80",
                                   "\xEF\xBF\xBF",
                                   "\xF0\x90\x80\x80",
                                   "\xF4\x8F\xBF\xBF",
                                   "12345678\xC3\xA4"
                                   "12345678",
                                   "1234567\xC3\xA4"};
  for (const auto text : good) {
    CAPTURE(text);
    CHECK(valid_utf8(text));
  }
  const std::string_view bad[] = {"\x80",
                                  "\xBF",
                                  "\xC0\xAF",
                                  "\xC1\xBF",
                                  "\xC2",
                                  "\xC2\x7F",
                                  "\xC2\xC0",
                                  "\xE0\x9F\xBF",
                                  "\xED\xA0\x80",
                                  "\xED\xBF\xBF",
                                  "\xE2\x82",
                                  "\xE2\x28\xA1",
                                  "\xF0\x8F\xBF\xBF",
                                  "\xF4\x90\x80\x80",
                                  "\xF5\x80\x80\x80",
                                  "\xF0\x9F\x98",
                                  "\xFE",
                                  "\xFF",
                                  "12345678\xFF",
                                  "1234567\xC3",
                                  "\xF8\x88\x80\x80\x80"};
  for (const auto text : bad) {
    CAPTURE(text);
    CHECK_FALSE(valid_utf8(text));
  }
}

TEST_CASE("utf8: a broken sequence is taken up to the byte that breaks it") {
  struct row {
    std::string_view text;
    size_t length;
  };
  const row table[] = {{"\x80z", 1},     {"\xFFz", 1},         {"\xE2\x82z", 2}, {"\xE2z", 1},   {"\xF0\x9F\x98z", 3},
                       {"\xF0\x8Fz", 1}, {"\xED\xA0\x80z", 1}, {"\xC2", 1},      {"\xF0\x9F", 2}};
  for (const auto& [text, length] : table) {
    CAPTURE(text);
    const auto step = next_utf8(text);
    CHECK_FALSE(step.valid);
    CHECK(step.length == length);
  }
  CHECK(next_utf8("\xF0\x9F\x98\x80z").length == 4);
  CHECK(next_utf8("\xF0\x9F\x98\x80z").valid);
}

TEST_CASE("base64: every length and every byte makes the round trip") {
  std::string bytes;
  for (size_t length = 0; length <= 300; ++length) {
    std::string text;
    append_base64(text, bytes);
    CHECK(text.size() == base64_encoded_size(length));
    std::vector<char> decoded;
    REQUIRE(append_base64_decoded(decoded, text));
    CHECK(std::string_view{decoded.data(), decoded.size()} == bytes);
    CHECK(decoded.size() <= base64_decoded_size(text.size()));
    bytes.push_back(static_cast<char>(length * 37));
  }
}

TEST_CASE("base64: the vectors of RFC 4648") {
  const std::pair<std::string_view, std::string_view> table[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : table) {
    std::string out;
    append_base64(out, bytes);
    CHECK(out == text);
  }
}
