#include "protocol/socketio/json.hpp"

#include "protocol/engineio/utf8.hpp"

#include <rapidjson/document.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#  include <emmintrin.h>
#endif

namespace stibium::socketio {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD
constexpr std::string_view json_space = " \t\r\n";

/// Whether a byte goes into a JSON string as it is, without a look at its neighbours.
constexpr bool is_plain(unsigned char byte) { return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\'; }

/// How many bytes at the front are plain.
size_t plain_prefix(std::string_view text) {
  size_t at = 0;
#ifdef __SSE2__
  const auto quote = _mm_set1_epi8('"');
  const auto backslash = _mm_set1_epi8('\\');
  const auto space = _mm_set1_epi8(' ');
  for (; at + 16 <= text.size(); at += 16) {
    const auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
    // Signed: bytes from 0x80 up count as below the space, too.
    const auto special = _mm_or_si128(_mm_cmplt_epi8(block, space),
                                      _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(special));
    if (mask != 0) return at + static_cast<size_t>(std::countr_zero(mask));
  }
#else
  constexpr uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t block = 0;
    std::memcpy(&block, text.data() + at, sizeof block);
    const auto quote = block ^ ones * '"', backslash = block ^ ones * '\\';
    const auto special =
        block | ((block - ones * 0x20) & ~block) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
    if ((special & tops) != 0) break;
  }
#endif
  while (at < text.size() && is_plain(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

void append_escaped(std::string& out, char what) {
  switch (what) {
  case '"': out.append("\\\""); return;
  case '\\': out.append("\\\\"); return;
  case '\b': out.append("\\b"); return;
  case '\f': out.append("\\f"); return;
  case '\n': out.append("\\n"); return;
  case '\r': out.append("\\r"); return;
  case '\t': out.append("\\t"); return;
  default: break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  out.append("\\u00");
  out.push_back(digits[static_cast<unsigned char>(what) >> 4]);
  out.push_back(digits[static_cast<unsigned char>(what) & 15]);
}

/// Appends the bytes at the front of `text` that are no ASCII, repaired. Returns how many it took.
size_t append_beyond_ascii(std::string& out, std::string_view text) {
  size_t at = 0, copied = 0;
  while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) {
    const auto next = engineio::next_utf8(text.substr(at));
    if (!next.valid) {
      out.append(text.substr(copied, at - copied)).append(replacement);
      copied = at + next.length;
    }
    at += next.length;
  }
  out.append(text.substr(copied, at - copied));
  return at;
}

/// Where the string literal at the start of `json` ends: after its closing quote; npos when it does not.
size_t literal_end(std::string_view json) {
  for (size_t i = 1; i < json.size(); ++i) {
    if (json[i] == '"') return i + 1;
    if (json[i] == '\\') ++i;
  }
  return std::string_view::npos;
}

std::string_view skip_space(std::string_view json) {
  const auto begin = json.find_first_not_of(json_space);
  return begin == std::string_view::npos ? std::string_view{} : json.substr(begin);
}

/// The value of a string literal; nullopt when it is none.
std::optional<std::string> unquote(std::string_view literal) {
  if (literal.find('\\') == std::string_view::npos) return std::string{literal.substr(1, literal.size() - 2)};
  rapidjson::Document value;
  value.Parse(literal.data(), literal.size());
  if (value.HasParseError() || !value.IsString()) return std::nullopt;
  return std::string{value.GetString(), value.GetStringLength()};
}

struct first_element {
  std::optional<std::string> name;
  std::string_view rest; // from the comma or the bracket on
};

first_element take_first(std::string_view json) {
  json = skip_space(json);
  if (json.empty() || json.front() != '[') return {};
  json = skip_space(json.substr(1));
  if (json.empty()) return {};
  if (json.front() == '"') {
    const auto end = literal_end(json);
    if (end == std::string_view::npos) return {};
    return {unquote(json.substr(0, end)), skip_space(json.substr(end))};
  }
  const auto end = json.find_first_of(" \t\r\n,]");
  if (end == 0 || end == std::string_view::npos) return {};
  return {std::string{json.substr(0, end)}, skip_space(json.substr(end))};
}

/// The code unit of an escape `\uXXXX` at `at`; nothing when there is no such escape.
std::optional<uint16_t> code_unit(std::string_view json, size_t at) {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
  uint16_t unit = 0;
  const auto* first = json.data() + at + 2;
  const auto [end, failed] = std::from_chars(first, first + 4, unit, 16);
  if (failed != std::errc{} || end != first + 4) return std::nullopt;
  return unit;
}

bool is_high(uint16_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(uint16_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

} // namespace

std::optional<std::string> mend_surrogates(std::string_view json) {
  std::optional<std::string> mended;
  for (auto at = json.find('\\'); at != std::string_view::npos; at = json.find('\\', at)) {
    const auto unit = code_unit(json, at);
    if (!unit) {
      at += 2; // some other escape; its second character may be a backslash
      continue;
    }
    const auto next = is_high(*unit) ? code_unit(json, at + 6) : std::nullopt;
    if (next && is_low(*next)) {
      at += 12;
      continue;
    }
    if (is_high(*unit) || is_low(*unit)) {
      if (!mended) mended.emplace(json);
      mended->replace(at + 2, 4, "fffd");
    }
    at += 6;
  }
  return mended;
}

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out.push_back('"');
  while (!text.empty()) {
    const auto plain = plain_prefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text.front()) >= 0x80) {
      text.remove_prefix(append_beyond_ascii(out, text));
      continue;
    }
    append_escaped(out, text.front());
    text.remove_prefix(1);
  }
  out.push_back('"');
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string sanitize_utf8(std::string_view text) {
  if (engineio::valid_utf8(text)) return std::string{text};
  std::string out;
  out.reserve(text.size() + replacement.size());
  while (!text.empty()) {
    const auto next = engineio::next_utf8(text);
    out.append(next.valid ? text.substr(0, next.length) : replacement);
    text.remove_prefix(next.length);
  }
  return out;
}

std::optional<event_parts> split_event(std::string_view json) {
  auto first = take_first(json);
  const auto end = first.rest.rfind(']');
  if (!first.name || end == std::string_view::npos) return std::nullopt;
  event_parts parts{std::move(*first.name), first.rest.substr(0, end)};
  if (!parts.arguments.empty()) parts.arguments = skip_space(parts.arguments.substr(1));
  while (!parts.arguments.empty() && json_space.find(parts.arguments.back()) != std::string_view::npos)
    parts.arguments.remove_suffix(1);
  return parts;
}

std::optional<std::string> event_name(std::string_view json) { return take_first(json).name; }

} // namespace stibium::socketio
