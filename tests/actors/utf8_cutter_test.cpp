#include "actors/utf8_cutter.hpp"

#include <doctest/doctest.h>

using namespace stibium;

TEST_CASE("utf8 cutter: characters come out whole wherever the bytes are cut") {
  const std::string text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    for (size_t second = cut; second <= text.size(); ++second) {
      utf8_cutter cutter;
      std::string got;
      for (const auto& piece : {text.substr(0, cut), text.substr(cut, second - cut), text.substr(second)}) {
        const auto out = cutter.feed(piece);
        if (!out.empty()) CHECK((static_cast<unsigned char>(out.front()) & 0xC0) != 0x80);
        got += out;
      }
      CHECK(got == text);
      CHECK(cutter.finish().empty());
    }
  }
}

TEST_CASE("utf8 cutter: an incomplete end is held back, then given up") {
  utf8_cutter cutter;
  CHECK(cutter.feed("ab\xE2\x82") == "ab");
  CHECK(cutter.finish() == "\xE2\x82");
  CHECK(cutter.finish().empty());
}

TEST_CASE("utf8 cutter: what is no UTF-8 is not held back") {
  utf8_cutter cutter;
  CHECK(cutter.feed("\x80\x80\x80\x80") == "\x80\x80\x80\x80");
  CHECK(cutter.feed("\xFF") == "\xFF");
  CHECK(cutter.feed("\xC3") == "");
  CHECK(cutter.feed("x") == "\xC3x");
}

TEST_CASE("utf8 cut: never inside a character, never nowhere") {
  CHECK(utf8_cut("abc", 4) == 3);
  CHECK(utf8_cut("abcdef", 4) == 4);
  CHECK(utf8_cut("abc\xC3\xA4", 4) == 3);
  CHECK(utf8_cut("a\xF0\x9F\x98\x80", 4) == 1);
  CHECK(utf8_cut("\x80\x80\x80\x80\x80", 4) == 4);
}
