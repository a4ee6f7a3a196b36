#include "protocol/socketio/json.hpp"

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <utility>

using namespace stibium::socketio;
using namespace std::string_view_literals;

TEST_CASE("socketio json: strings are escaped as JSON asks") {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
      {"\0\x01\x1F\x7F"sv, "\"\\u0000\\u0001\\u001f\x7F\""},
      {"h\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80", "\"h\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\""},
      {"\x1b[1;32mok\x1b[0m", R"("\u001b[1;32mok\u001b[0m")"},
      {"\xFF", "\"\xEF\xBF\xBD\""},
      {"a\xE2\x82z", "\"a\xEF\xBF\xBDz\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"\xC3", "\"\xEF\xBF\xBD\""},
  };
  for (const auto& [text, want] : table) {
    CAPTURE(text);
    CHECK(json_string(text) == want);
  }
}

TEST_CASE("socketio json: every byte at every place of a block is treated alike") {
  for (int value = 0; value < 256; ++value)
    for (size_t length = 1; length <= 40; ++length)
      for (size_t at = 0; at < length; at += 3) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(value);
        const auto alone = json_string(std::string_view{text}.substr(at, 1));
        const auto want =
            '"' + std::string(at, 'x') + alone.substr(1, alone.size() - 2) + std::string(length - at - 1, 'x') + '"';
        REQUIRE(json_string(text) == want);
      }
}

TEST_CASE("socketio json: what is escaped reads back as the sanitized text") {
  const std::string_view table[] = {"12345678901234567\"", "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
                                    "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
                                    "\x80\x80\x80 0123456789abcdef \xF0\x9F\x98", "\xF0\x9F\x98\x80\n\xF0\x9F\x98"};
  for (const auto text : table) {
    CAPTURE(text);
    const auto literal = json_string(text);
    rapidjson::Document value;
    value.Parse<rapidjson::kParseValidateEncodingFlag>(literal.data(), literal.size());
    REQUIRE(value.IsString());
    CHECK(std::string_view{value.GetString(), value.GetStringLength()} == sanitize_utf8(text));
  }
}

TEST_CASE("socketio json: appending keeps what is there") {
  std::string out = "[";
  append_json_string(out, "a");
  out.push_back(',');
  append_json_string(out, "b");
  CHECK(out == R"(["a","b")");
}

TEST_CASE("socketio json: sanitizing leaves good text alone") {
  CHECK(sanitize_utf8("") == "");
  CHECK(sanitize_utf8("h\xC3\xA4\n\0x"sv) == "h\xC3\xA4\n\0x"sv);
  CHECK(sanitize_utf8("\xC3(") == "\xEF\xBF\xBD(");
  CHECK(sanitize_utf8("a\xF0\x9F\x98") == "a\xEF\xBF\xBD");
}

TEST_CASE("socketio json: events are taken apart") {
  struct row {
    std::string_view json, name, arguments;
  };
  const row table[] = {
      {R"(["data"])", "data", ""},
      {R"(["data",1])", "data", "1"},
      {R"( [ "data" , 1 , [2] ] )", "data", "1 , [2]"},
      {R"(["a\"],[",{"b":"]"}])", "a\"],[", R"({"b":"]"})"},
      {R"(["\u0064ata\\","x"])", "data\\", R"("x")"},
      {R"([7,"x"])", "7", R"("x")"},
      {R"([-1.5e3])", "-1.5e3", ""},
      {R"(["",null])", "", "null"},
  };
  for (const auto& [json, name, arguments] : table) {
    CAPTURE(json);
    const auto parts = split_event(json);
    REQUIRE(parts);
    CHECK(parts->name == name);
    CHECK(parts->arguments == arguments);
    CHECK(event_name(json) == name);
  }
}

TEST_CASE("socketio json: what is no event array does no harm") {
  for (const auto json : {"", " ", "[", "[]", "{}", "x", "[\"", "[\"a", "[\"a\\\"", "[\"\\x\"]", "[,", "[ ", "7"}) {
    CAPTURE(json);
    CHECK_FALSE(split_event(json));
  }
}

TEST_CASE("socketio json: halves of surrogate pairs are mended, pairs and other escapes stay") {
  struct row {
    const char* given;
    const char* mended; // null: nothing to mend
  };
  static constexpr row rows[] = {
      {R"(["data","plain"])", nullptr},
      {R"(["data","\ud83d\ude00"])", nullptr},
      {R"(["data","\\ud83d"])", nullptr}, // an escaped backslash, then text
      {R"(["data","\u00e4\n"])", nullptr},
      {R"(["data","\ud83"])", nullptr}, // no escape at all: for the parser to refuse
      {R"(["data","\ud83d"])", R"(["data","\ufffd"])"},
      {R"(["data","\uDE00x"])", R"(["data","\ufffdx"])"},
      {R"(["data","\ud83d\ud83d\ude00"])", R"(["data","\ufffd\ud83d\ude00"])"},
      {R"(["data","\ud83d\u0041"])", R"(["data","\ufffd\u0041"])"},
      {R"(["data","\)", nullptr},
  };
  for (const auto& [given, mended] : rows) {
    CAPTURE(given);
    CHECK(mend_surrogates(given) == (mended ? std::optional<std::string>{mended} : std::nullopt));
  }
}
