#include "protocol/socketio/in_place.hpp"

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <string>

using stibium::socketio::in_place_text;

namespace {

constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag;

} // namespace

TEST_CASE("in-place text: a copy with a zero behind it, whatever its size") {
  for (size_t size : {0, 1, 1022, 1023, 1024, 1025, 5000, 100000}) {
    CAPTURE(size);
    const std::string original(size, 'a');
    in_place_text text{original};
    CHECK(std::string{text.data()} == original);
    text.data()[0] = 'b'; // the original stays
    CHECK(original == std::string(size, 'a'));
  }
}

TEST_CASE("in-place text: strings of any length, with escapes at any place, come out as they went in") {
  for (size_t before = 0; before < 40; ++before) {
    for (size_t after : {0, 1, 15, 16, 17, 990, 2000}) {
      CAPTURE(before);
      CAPTURE(after);
      const auto text =
          "[\"" + std::string(before, 'x') + R"(\"\u00e9\n)" + std::string(after, 'y') + "\",{\"k\":-1.5}]";
      in_place_text place{text};
      rapidjson::Document document;
      document.ParseInsitu<flags>(place.data());
      REQUIRE_FALSE(document.HasParseError());
      CHECK(document[0].GetString() == std::string(before, 'x') + "\"\xc3\xa9\n" + std::string(after, 'y'));
      CHECK(document[1]["k"].GetDouble() == -1.5);
    }
  }
}

TEST_CASE("in-place text: what is cut off is an error, not a read past the end") {
  const std::string whole = R"(["data",{"labId":"7f1b0c7e-1111-4222-8333-444455556666","command":5}])";
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    in_place_text place{whole.substr(0, size)};
    rapidjson::Document document;
    document.ParseInsitu<flags>(place.data());
    CHECK(document.HasParseError());
  }
}
