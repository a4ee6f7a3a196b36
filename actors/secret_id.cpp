#include "actors/secret_id.hpp"

#include <array>
#include <stdexcept>
#include <sys/random.h>

namespace stibium {

namespace {

template <size_t Size>
std::array<unsigned char, Size> random_bytes() {
  std::array<unsigned char, Size> bytes;
  // Up to 256 bytes come whole or not at all.
  if (::getentropy(bytes.data(), bytes.size()) != 0) throw std::runtime_error("the system gives no random bytes");
  return bytes;
}

} // namespace

std::string secret_id() {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  std::string text;
  text.reserve(20);
  for (const auto byte : random_bytes<20>()) text.push_back(digits[byte & 63]);
  return text;
}

std::string random_uuid() {
  static constexpr char digits[] = "0123456789abcdef";
  auto bytes = random_bytes<16>();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(digits[bytes[i] >> 4]);
    text.push_back(digits[bytes[i] & 15]);
  }
  return text;
}

} // namespace stibium
