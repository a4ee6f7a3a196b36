#include "tests/transport/web/client_frame.hpp"
#include "transport/web/websocket_frame.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace stibium::web;
using namespace std::string_literals;
using stibium::tests::client_frame;
using kind = frame_item::kind;

namespace {

/// One letter per item: t(ext) b(inary) i (ping) o (pong) c(lose), with payload; the refusal's name at the end.
std::string read_all(std::string bytes, size_t piece, size_t limit = 1000) {
  frame_reader reader{limit};
  std::string buffer, said;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer.append(bytes, at, piece);
    for (;;) {
      auto item = reader.next(buffer);
      if (item.what == kind::more) break;
      auto add = [&](const char* name) { said += name + std::string{item.payload} + ";"; };
      switch (item.what) {
      case kind::text: add("t"); break;
      case kind::binary: add("b"); break;
      case kind::ping: add("i"); break;
      case kind::pong: add("o"); break;
      case kind::close: add(("c" + std::to_string(item.code)).c_str()); break;
      case kind::refused: return said + std::string{to_string(item.error)} + " " + std::to_string(item.code);
      case kind::part:
      case kind::more: break;
      }
      buffer.erase(0, item.consumed);
    }
  }
  return said;
}

std::string with_byte(std::string frame, size_t at, uint8_t value) {
  frame[at] = static_cast<char>(value);
  return frame;
}

std::string close_payload(uint16_t code, const std::string& reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

struct row {
  const char* name;
  std::string bytes, said;
};

} // namespace

TEST_CASE("websocket frames: what clients send is read, however it is cut") {
  auto euro = "\xe2\x82\xac"s;
  std::vector<row> rows{
      {"empty text", client_frame(0x81, ""), "t;"},
      {"text", client_frame(0x81, "hello"), "thello;"},
      {"binary of any bytes", client_frame(0x82, "\xff\0\x80"s), "b\xff\0\x80;"s},
      {"two messages", client_frame(0x81, "a") + client_frame(0x81, "b"), "ta;tb;"},
      {"16-bit length", client_frame(0x81, std::string(126, 'x')), "t" + std::string(126, 'x') + ";"},
      {"16-bit length, at the limit", client_frame(0x81, std::string(1000, 'x')), "t" + std::string(1000, 'x') + ";"},
      {"three fragments", client_frame(0x01, "he") + client_frame(0x00, "l") + client_frame(0x80, "lo"), "thello;"},
      {"binary fragments", client_frame(0x02, "\xff"s) + client_frame(0x80, "\xfe"s), "b\xff\xfe;"},
      {"empty fragments", client_frame(0x01, "") + client_frame(0x00, "") + client_frame(0x80, "x"), "tx;"},
      {"control frame within a message", client_frame(0x01, "a") + client_frame(0x89, "p") + client_frame(0x80, "b"),
       "ip;tab;"},
      {"character over two fragments", client_frame(0x01, euro.substr(0, 1)) + client_frame(0x80, euro.substr(1)),
       "t" + euro + ";"},
      {"highest character", client_frame(0x81, "\xf4\x8f\xbf\xbf"), "t\xf4\x8f\xbf\xbf;"},
      {"ping of 125 bytes", client_frame(0x89, std::string(125, 'p')), "i" + std::string(125, 'p') + ";"},
      {"pong", client_frame(0x8a, ""), "o;"},
      {"close without a code", client_frame(0x88, ""), "c1005;"},
      {"close with a code", client_frame(0x88, close_payload(1000)), "c1000;"},
      {"close with a reason", client_frame(0x88, close_payload(4999, "bye")), "c4999bye;"},
  };
  for (auto& r : rows)
    for (size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, r.bytes.size()}) {
      CAPTURE(r.name);
      CAPTURE(piece);
      CHECK(read_all(r.bytes, piece) == r.said);
    }
}

TEST_CASE("websocket frames: each refusal has its name and its close code") {
  auto text = client_frame(0x81, "x");
  auto wide = client_frame(0x81, std::string(126, 'x')), wider = client_frame(0x81, std::string(70000, 'x'));
  std::vector<row> rows{
      {"RSV1", with_byte(text, 0, 0xc1), "reserved bits are set 1002"},
      {"RSV2", with_byte(text, 0, 0xa1), "reserved bits are set 1002"},
      {"RSV3", with_byte(text, 0, 0x91), "reserved bits are set 1002"},
      {"opcode 3", with_byte(text, 0, 0x83), "unknown opcode 1002"},
      {"opcode 15", with_byte(text, 0, 0x8f), "unknown opcode 1002"},
      {"no mask", "\x81\x01x"s, "frame is not masked 1002"},
      {"16 bits for 125", with_byte(wide, 3, 125), "length is not minimal 1002"},
      {"64 bits for 65535", with_byte(with_byte(with_byte(wider, 7, 0), 8, 0xff), 9, 0xff),
       "length is not minimal 1002"},
      {"length of 2^63", with_byte(wider, 2, 0x80), "length is too large 1002"},
      {"one byte over the limit", client_frame(0x81, std::string(1001, 'x')), "message is too big 1009"},
      {"fragments over the limit",
       client_frame(0x01, std::string(900, 'x')) + client_frame(0x80, std::string(101, 'x')),
       "message is too big 1009"},
      {"long ping", client_frame(0x89, std::string(126, 'x')), "control frame is too long 1002"},
      {"fragmented ping", client_frame(0x09, "x"), "control frame is fragmented 1002"},
      {"fragmented close", client_frame(0x08, ""), "control frame is fragmented 1002"},
      {"continuation of nothing", client_frame(0x80, "x"), "nothing to continue 1002"},
      {"continuation after a message", text + client_frame(0x80, "x"), "tx;nothing to continue 1002"},
      {"text within a message", client_frame(0x01, "x") + text, "message before has not ended 1002"},
      {"Latin-1", client_frame(0x81, "\xe9t\xe9"), "text is not UTF-8 1007"},
      {"overlong", client_frame(0x81, "\xc0\xaf"), "text is not UTF-8 1007"},
      {"overlong, three bytes", client_frame(0x81, "\xe0\x80\xaf"), "text is not UTF-8 1007"},
      {"surrogate", client_frame(0x81, "\xed\xa0\x80"), "text is not UTF-8 1007"},
      {"above U+10FFFF", client_frame(0x81, "\xf4\x90\x80\x80"), "text is not UTF-8 1007"},
      {"ends within a character", client_frame(0x81, "\xe2\x82"), "text is not UTF-8 1007"},
      {"broken after 20 letters", client_frame(0x81, std::string(20, 'a') + "\x80"), "text is not UTF-8 1007"},
      {"broken over fragments", client_frame(0x01, "\xe2") + client_frame(0x80, "x"), "text is not UTF-8 1007"},
      {"close with one byte", client_frame(0x88, "\x03"), "close payload is too short 1002"},
      {"close 999", client_frame(0x88, close_payload(999)), "close code is not allowed 1002"},
      {"close 1004", client_frame(0x88, close_payload(1004)), "close code is not allowed 1002"},
      {"close 1005", client_frame(0x88, close_payload(1005)), "close code is not allowed 1002"},
      {"close 1006", client_frame(0x88, close_payload(1006)), "close code is not allowed 1002"},
      {"close 1015", client_frame(0x88, close_payload(1015)), "close code is not allowed 1002"},
      {"close 2999", client_frame(0x88, close_payload(2999)), "close code is not allowed 1002"},
      {"close 5000", client_frame(0x88, close_payload(5000)), "close code is not allowed 1002"},
      {"close reason", client_frame(0x88, close_payload(1000, "\xff")), "close reason is not UTF-8 1007"},
  };
  for (auto& r : rows)
    for (size_t piece : {size_t{1}, size_t{5}, r.bytes.size()}) {
      CAPTURE(r.name);
      CAPTURE(piece);
      CHECK(read_all(r.bytes, piece) == r.said);
    }
}

TEST_CASE("websocket frames: a message that is too big is refused by its header alone") {
  auto frame = client_frame(0x81, std::string(100000, 'x'));
  CHECK(read_all(frame.substr(0, 10), 10) == "message is too big 1009");
}

TEST_CASE("websocket frames: the reader tells how much the frame at the front takes") {
  frame_reader reader{1000};
  auto frame = client_frame(0x81, std::string(300, 'x'));
  auto cut = frame.substr(0, 100);
  CHECK(reader.next(cut).what == kind::more);
  CHECK(reader.wanted() == frame.size());
}

TEST_CASE("websocket frames: what we write is read back, with the shortest length field") {
  for (size_t size : {0, 1, 125, 126, 65535, 65536, 100000}) {
    std::string out = "before";
    append_frame(out, opcode::text, std::string(size, 'x'));
    auto header = size < 126 ? 2 : size < 65536 ? 4 : 10;
    CHECK(out.size() == 6 + header + size);
    auto frame = front_frame(std::string_view{out}.substr(6));
    CHECK(frame.op == opcode::text);
    CHECK(frame.payload == std::string(size, 'x'));
    CHECK(frame.size == header + size);
  }
}

TEST_CASE("websocket frames: close reasons are cut at a character") {
  std::string out;
  append_close(out, 1001, std::string(122, 'x') + "\xe2\x82\xac");
  auto frame = front_frame(out);
  CHECK(frame.op == opcode::close);
  CHECK(frame.payload == "\x03\xe9" + std::string(122, 'x'));
}
