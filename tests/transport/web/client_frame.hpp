#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stibium::tests {

/// A frame as a client sends it: masked. `first` is its first byte (0x81: a whole text message).
inline std::string client_frame(uint8_t first, std::string_view payload, std::string_view mask = "\x12\x34\x56\x78") {
  std::string out(1, static_cast<char>(first));
  auto length = [&](uint8_t seven, int bytes) {
    out.push_back(static_cast<char>(0x80 | seven));
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
  };
  if (payload.size() < 126)
    length(static_cast<uint8_t>(payload.size()), 0);
  else if (payload.size() < 0x10000)
    length(126, 2);
  else
    length(127, 8);
  out.append(mask);
  for (size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

} // namespace stibium::tests
