#include "protocol/antimony/time_text.hpp"

#include <fmt/format.h>

namespace stibium::antimony {

namespace {

using namespace std::chrono;

// Reads exactly `digits` digits from the front.
std::optional<int> take_number(std::string_view& rest, size_t digits) {
  if (rest.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (rest[i] < '0' || rest[i] > '9') return std::nullopt;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(digits);
  return value;
}

bool take(std::string_view& rest, char expected) {
  if (rest.empty() || rest.front() != expected) return false;
  rest.remove_prefix(1);
  return true;
}

std::optional<sys_days> take_date(std::string_view& rest) {
  const auto y = take_number(rest, 4);
  if (!y || !take(rest, '-')) return std::nullopt;
  const auto m = take_number(rest, 2);
  if (!m || !take(rest, '-')) return std::nullopt;
  const auto d = take_number(rest, 2);
  if (!d || *y < 1970 || *y > 2200) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

// A fraction of a second: at least one digit, those past the nanoseconds are dropped.
std::optional<nanoseconds> take_fraction(std::string_view& rest) {
  int64_t value = 0, unit = 1000000000;
  size_t digits = 0;
  for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
    unit /= 10;
    value += unit * (rest[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  rest.remove_prefix(digits);
  return nanoseconds{value};
}

std::optional<nanoseconds> take_time(std::string_view& rest) {
  const auto h = take_number(rest, 2);
  if (!h || !take(rest, ':')) return std::nullopt;
  const auto m = take_number(rest, 2);
  if (!m || *h > 23 || *m > 59) return std::nullopt;
  nanoseconds out = hours{*h} + minutes{*m};
  if (!take(rest, ':')) return out;
  const auto s = take_number(rest, 2);
  if (!s || *s > 59) return std::nullopt;
  out += seconds{*s};
  if (!take(rest, '.')) return out;
  const auto fraction = take_fraction(rest);
  if (!fraction) return std::nullopt;
  return out + *fraction;
}

std::optional<minutes> take_offset(std::string_view& rest) {
  if (rest.empty() || take(rest, 'Z')) return minutes{0};
  const bool west = rest.front() == '-';
  if (!take(rest, '+') && !take(rest, '-')) return std::nullopt;
  const auto h = take_number(rest, 2);
  take(rest, ':');
  const auto m = take_number(rest, 2);
  if (!h || !m || *h > 23 || *m > 59) return std::nullopt;
  const minutes offset = hours{*h} + minutes{*m};
  return west ? -offset : offset;
}

} // namespace

std::string iso8601(system_clock::time_point when) {
  const auto ms = floor<milliseconds>(when);
  const auto date = floor<days>(ms);
  const year_month_day ymd{date};
  const hh_mm_ss clock{ms - date};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<system_clock::time_point> parse_iso8601(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  if (text.empty()) return system_clock::time_point{*date};
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  const auto time = take_time(text);
  if (!time) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return system_clock::time_point{*date} + *time - *offset;
}

} // namespace stibium::antimony
