#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// \file
/// The server's side of WebSocket framing (RFC 6455, sections 5 to 8): bytes in, messages out, and back. No sockets.

namespace stibium::web {

enum class opcode : uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Why a client's bytes were refused.
enum class frame_errc : uint8_t {
  none,
  reserved_bits,       ///< RSV bits are set, no extension was agreed on (5.2)
  unknown_opcode,      ///< (5.2)
  not_masked,          ///< clients must mask (5.1)
  length_not_minimal,  ///< a longer length field than needed (5.2)
  length_too_large,    ///< the top bit of a 64-bit length is set (5.2)
  control_too_long,    ///< a control frame of more than 125 bytes (5.5)
  control_fragmented,  ///< (5.5)
  nothing_to_continue, ///< a continuation without a beginning (5.4)
  message_not_ended,   ///< a new message within a fragmented one (5.4)
  message_too_big,     ///< more than the limit, in all its fragments (10.4)
  invalid_utf8,        ///< in a text message (8.1)
  close_payload,       ///< a close frame with one byte of payload (5.5.1)
  close_code,          ///< a close code that must not be sent (7.4)
  close_reason         ///< a close reason that is no UTF-8 (5.5.1)
};

/// The name of the value, in words.
std::string_view to_string(frame_errc what);

/// The code to close the connection with (7.4.1): 1002, 1007 or 1009.
uint16_t close_code_for(frame_errc what);

/// What the reader found next.
struct frame_item {
  enum class kind : uint8_t {
    more,   ///< nothing whole: feed more bytes
    part,   ///< a fragment was kept; go on
    text,   ///< a whole text message; valid UTF-8
    binary, ///< a whole binary message
    ping,   ///< to be answered with a pong of the same payload
    pong,   ///<
    close,  ///< the client closes; `code` is 1005 when it gave none
    refused ///< see `error`; nothing after it may be read
  } what = kind::more;
  std::string_view payload; ///< unmasked; valid until the reader or its bytes are touched again
  size_t consumed = 0;      ///< bytes taken off the front
  uint16_t code = 0;
  frame_errc error = frame_errc::none;
};

/// Takes frames off a buffer, one at a time, and puts fragments together. Payloads are unmasked in place.
class frame_reader {
public:
  /// `max_message` bounds a whole message, in bytes.
  explicit frame_reader(size_t max_message)
      : max_message_(max_message) {}

  /// Takes the next frame off the front of `bytes`. Bytes that were not consumed must be offered again, with more.
  frame_item next(std::span<char> bytes);

  /// How many bytes the frame at the front of the last call's bytes takes, once that is known; else 0.
  size_t wanted() const { return wanted_; }

private:
  struct header {
    bool final = false;
    opcode op{};
    size_t size = 0; ///< of the header
    uint64_t payload = 0;
    char mask[4] = {};
  };
  enum class header_state : uint8_t { more, whole, refused };

  header_state read_header(std::span<const char> bytes, header& out, frame_errc& error) const;
  frame_errc judge(const header& head) const;
  frame_item take_control(const header& head, std::string_view payload);
  frame_item take_data(const header& head, std::string_view payload);

  size_t max_message_;
  size_t wanted_ = 0;
  std::unique_ptr<std::string> fragments_; ///< what came of the message under way
  opcode message_ = opcode::continuation;  ///< its kind; continuation: no message is under way
};

/// The longest header that a server's frame has.
constexpr size_t max_frame_header = 10;

/// Writes the header of a whole, unmasked frame; returns its size.
size_t write_frame_header(char (&out)[max_frame_header], opcode op, uint64_t payload);

/// Appends a whole, unmasked frame.
void append_frame(std::string& out, opcode op, std::string_view payload);

/// Appends a close frame; the reason is cut to fit, at a character.
void append_close(std::string& out, uint16_t code, std::string_view reason);

/// A whole frame of ours at the front of `bytes`, as written by `append_frame`: its kind, payload and size.
struct written_frame {
  opcode op{};
  std::string_view payload;
  size_t size = 0;
};
written_frame front_frame(std::string_view bytes);

} // namespace stibium::web
