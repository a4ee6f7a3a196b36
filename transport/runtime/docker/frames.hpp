#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stibium::docker {

/// Takes Docker's multiplexed stream (of a container without a terminal) apart: frames of an 8-byte head (stream, three
/// zeros, length in network order) and their payload, in whatever pieces they come. Keeps no payload, so that frames
/// may be of any length.
class frame_reader {
public:
  /// A piece of a frame's payload. `stream` is 1 for stdout and 2 for stderr; `last` when it ends the frame.
  using piece = std::function<void(int stream, std::string_view bytes, bool last)>;

  /// Takes the next bytes. False when they are no such stream; nothing more can be read from it then.
  bool feed(std::string_view bytes, const piece& then);

private:
  std::string head_;
  uint64_t left_ = 0; // of the payload
  int stream_ = 0;
  bool broken_ = false;
};

} // namespace stibium::docker
