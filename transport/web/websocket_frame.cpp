#include "transport/web/websocket_frame.hpp"

#include "protocol/engineio/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace stibium::web {

namespace {

constexpr size_t max_control_payload = 125;

bool is_control(opcode op) { return static_cast<uint8_t>(op) & 0x8; }

bool known(uint8_t op) { return op <= 2 || (op >= 8 && op <= 10); }

uint64_t big_endian(const char* data, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(data[i]);
  return value;
}

void unmask(char* data, size_t size, const char (&mask)[4]) {
  uint64_t wide;
  std::memcpy(&wide, mask, 4);
  std::memcpy(reinterpret_cast<char*>(&wide) + 4, mask, 4);
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, data + i, 8);
    eight ^= wide;
    std::memcpy(data + i, &eight, 8);
  }
  for (; i < size; ++i) data[i] ^= mask[i & 3];
}

// RFC 6455, 7.4.1 and 7.4.2, and the codes registered since.
bool may_be_sent(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

frame_item refused(frame_errc error) {
  frame_item item;
  item.what = frame_item::kind::refused;
  item.error = error;
  item.code = close_code_for(error);
  return item;
}

} // namespace

std::string_view to_string(frame_errc what) {
  switch (what) {
  case frame_errc::none: return "none";
  case frame_errc::reserved_bits: return "reserved bits are set";
  case frame_errc::unknown_opcode: return "unknown opcode";
  case frame_errc::not_masked: return "frame is not masked";
  case frame_errc::length_not_minimal: return "length is not minimal";
  case frame_errc::length_too_large: return "length is too large";
  case frame_errc::control_too_long: return "control frame is too long";
  case frame_errc::control_fragmented: return "control frame is fragmented";
  case frame_errc::nothing_to_continue: return "nothing to continue";
  case frame_errc::message_not_ended: return "message before has not ended";
  case frame_errc::message_too_big: return "message is too big";
  case frame_errc::invalid_utf8: return "text is not UTF-8";
  case frame_errc::close_payload: return "close payload is too short";
  case frame_errc::close_code: return "close code is not allowed";
  case frame_errc::close_reason: return "close reason is not UTF-8";
  }
  return "unknown";
}

uint16_t close_code_for(frame_errc what) {
  switch (what) {
  case frame_errc::message_too_big: return 1009;
  case frame_errc::invalid_utf8:
  case frame_errc::close_reason: return 1007;
  default: return 1002;
  }
}

frame_reader::header_state frame_reader::read_header(std::span<const char> bytes, header& out,
                                                     frame_errc& error) const {
  if (bytes.size() < 2) return header_state::more;
  auto first = static_cast<uint8_t>(bytes[0]), second = static_cast<uint8_t>(bytes[1]);
  auto refuse = [&](frame_errc why) {
    error = why;
    return header_state::refused;
  };
  if (first & 0x70) return refuse(frame_errc::reserved_bits);
  if (!known(first & 0x0f)) return refuse(frame_errc::unknown_opcode);
  if (!(second & 0x80)) return refuse(frame_errc::not_masked);
  out.final = first & 0x80;
  out.op = static_cast<opcode>(first & 0x0f);
  size_t extra = (second & 0x7f) == 127 ? 8 : (second & 0x7f) == 126 ? 2 : 0;
  if (is_control(out.op) && extra > 0) return refuse(frame_errc::control_too_long);
  if (is_control(out.op) && !out.final) return refuse(frame_errc::control_fragmented);
  if (bytes.size() < 2 + extra) return header_state::more;
  out.payload = extra ? big_endian(bytes.data() + 2, extra) : second & 0x7f;
  if (out.payload >> 63) return refuse(frame_errc::length_too_large);
  if ((extra == 2 && out.payload < 126) || (extra == 8 && out.payload < 0x10000))
    return refuse(frame_errc::length_not_minimal);
  if (auto why = judge(out); why != frame_errc::none) return refuse(why);
  out.size = 2 + extra + 4;
  if (bytes.size() < out.size) return header_state::more;
  std::memcpy(out.mask, bytes.data() + 2 + extra, 4);
  return header_state::whole;
}

frame_errc frame_reader::judge(const header& head) const {
  if (is_control(head.op)) return frame_errc::none;
  auto under_way = message_ != opcode::continuation;
  if (head.op == opcode::continuation && !under_way) return frame_errc::nothing_to_continue;
  if (head.op != opcode::continuation && under_way) return frame_errc::message_not_ended;
  auto kept = under_way ? fragments_->size() : size_t{0};
  return head.payload > max_message_ - kept ? frame_errc::message_too_big : frame_errc::none;
}

frame_item frame_reader::next(std::span<char> bytes) {
  header head;
  auto error = frame_errc::none;
  wanted_ = 0;
  if (message_ == opcode::continuation) fragments_.reset(); // the message before has been used by now
  switch (read_header(bytes, head, error)) {
  case header_state::refused: return refused(error);
  case header_state::more: return {};
  case header_state::whole: break;
  }
  auto whole = head.size + static_cast<size_t>(head.payload);
  if (bytes.size() < whole) {
    wanted_ = whole;
    return {};
  }
  auto* data = bytes.data() + head.size;
  auto size = static_cast<size_t>(head.payload);
  unmask(data, size, head.mask);
  auto item = is_control(head.op) ? take_control(head, {data, size}) : take_data(head, {data, size});
  item.consumed = whole;
  return item;
}

frame_item frame_reader::take_control(const header& head, std::string_view payload) {
  frame_item item;
  item.payload = payload;
  if (head.op == opcode::ping || head.op == opcode::pong) {
    item.what = head.op == opcode::ping ? frame_item::kind::ping : frame_item::kind::pong;
    return item;
  }
  item.what = frame_item::kind::close;
  item.code = 1005;
  if (payload.empty()) return item;
  if (payload.size() == 1) return refused(frame_errc::close_payload);
  item.code = static_cast<uint16_t>(big_endian(payload.data(), 2));
  if (!may_be_sent(item.code)) return refused(frame_errc::close_code);
  item.payload = payload.substr(2);
  if (!engineio::valid_utf8(item.payload)) return refused(frame_errc::close_reason);
  return item;
}

frame_item frame_reader::take_data(const header& head, std::string_view payload) {
  frame_item item;
  if (head.op != opcode::continuation) message_ = head.op;
  if (!head.final || head.op == opcode::continuation) {
    if (!fragments_) fragments_ = std::make_unique<std::string>();
    fragments_->append(payload);
    payload = *fragments_;
  }
  item.what = frame_item::kind::part;
  if (!head.final) return item;
  if (message_ == opcode::text && !engineio::valid_utf8(payload)) return refused(frame_errc::invalid_utf8);
  item.what = message_ == opcode::text ? frame_item::kind::text : frame_item::kind::binary;
  item.payload = payload;
  message_ = opcode::continuation;
  return item;
}

size_t write_frame_header(char (&out)[max_frame_header], opcode op, uint64_t payload) {
  out[0] = static_cast<char>(0x80 | static_cast<uint8_t>(op));
  if (payload < 126) {
    out[1] = static_cast<char>(payload);
    return 2;
  }
  size_t bytes = payload < 0x10000 ? 2 : 8;
  out[1] = bytes == 2 ? 126 : 127;
  for (size_t i = 0; i < bytes; ++i) out[2 + i] = static_cast<char>(payload >> (8 * (bytes - 1 - i)));
  return 2 + bytes;
}

void append_frame(std::string& out, opcode op, std::string_view payload) {
  char header[max_frame_header];
  out.append(header, write_frame_header(header, op, payload.size()));
  out.append(payload);
}

void append_close(std::string& out, uint16_t code, std::string_view reason) {
  auto keep = std::min(reason.size(), max_control_payload - 2);
  while (keep < reason.size() && keep > 0 && (static_cast<uint8_t>(reason[keep]) & 0xc0) == 0x80) --keep;
  char header[max_frame_header];
  out.append(header, write_frame_header(header, opcode::close, keep + 2));
  out.push_back(static_cast<char>(code >> 8));
  out.push_back(static_cast<char>(code & 0xff));
  out.append(reason.substr(0, keep));
}

written_frame front_frame(std::string_view bytes) {
  written_frame frame;
  frame.op = static_cast<opcode>(bytes[0] & 0x0f);
  auto seven = static_cast<uint8_t>(bytes[1]);
  size_t extra = seven == 127 ? 8 : seven == 126 ? 2 : 0;
  auto length = extra ? big_endian(bytes.data() + 2, extra) : seven;
  frame.payload = bytes.substr(2 + extra, length);
  frame.size = 2 + extra + length;
  return frame;
}

} // namespace stibium::web
