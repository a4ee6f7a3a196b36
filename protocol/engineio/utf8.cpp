#include "protocol/engineio/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace stibium::engineio {

namespace {

struct lead_byte {
  size_t continuations;
  unsigned char first_low, first_high; // bounds of the byte after the lead (RFC 3629, section 4)
};

lead_byte classify(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {1, 0x80, 0xBF};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {2, 0x80, 0xBF};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {3, 0x80, 0xBF};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

} // namespace

utf8_step next_utf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {1, true};
  const auto rule = classify(lead);
  if (rule.continuations == 0) return {1, false};
  for (size_t i = 1; i <= rule.continuations; ++i) {
    if (i == text.size()) return {i, false};
    const auto next = static_cast<unsigned char>(text[i]);
    const auto low = i == 1 ? rule.first_low : static_cast<unsigned char>(0x80);
    const auto high = i == 1 ? rule.first_high : static_cast<unsigned char>(0xBF);
    if (next < low || next > high) return {i, false};
  }
  return {rule.continuations + 1, true};
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    uint64_t word = 0;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080U) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    const auto step = next_utf8(text);
    if (!step.valid) return false;
    text.remove_prefix(step.length);
  }
  return true;
}

} // namespace stibium::engineio
