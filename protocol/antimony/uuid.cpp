#include "protocol/antimony/uuid.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <optional>
#include <random>

namespace stibium::antimony {

namespace {

using uuid_bytes = std::array<uint8_t, 16>;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_dash(size_t index) { return index == 8 || index == 13 || index == 18 || index == 23; }

std::optional<uuid_bytes> from_text(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uuid_bytes out{};
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (has_dash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    out[digits / 2] = static_cast<uint8_t>(out[digits / 2] << 4 | value);
    ++digits;
  }
  return out;
}

// Sets version and variant, and writes the text.
std::string to_text(uuid_bytes bytes, uint8_t version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | version << 4);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    if (has_dash(out.size())) out += '-';
    out += digits[byte >> 4];
    out += digits[byte & 0x0F];
  }
  return out;
}

} // namespace

std::string uuid_v5(std::string_view name_space, std::string_view name) {
  const auto space = from_text(name_space);
  if (!space) return {};
  std::string input{reinterpret_cast<const char*>(space->data()), space->size()};
  input += name;
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(input.data(), input.size(), digest.data(), &length, EVP_sha1(), nullptr) != 1 || length < 16)
    return {};
  uuid_bytes bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return to_text(bytes, 5);
}

std::string uuid_v4(std::array<uint8_t, 16> random) { return to_text(random, 4); }

std::string random_uuid() {
  std::random_device source;
  uuid_bytes bytes{};
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<uint8_t>(source()); });
  return uuid_v4(bytes);
}

bool is_uuid(std::string_view text) { return from_text(text).has_value(); }

std::string lab_uuid(std::string_view relative_path) { return uuid_v5(own_namespace, relative_path); }

std::string user_uuid(std::string_view name) { return uuid_v5(own_namespace, std::string{"user:"}.append(name)); }

std::string collection_uuid(std::string_view name) {
  return uuid_v5(own_namespace, std::string{"collection:"}.append(name));
}

} // namespace stibium::antimony
