#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace stibium::antimony {

/// A time as clients read it: ISO 8601 in UTC with milliseconds, "2024-05-01T08:30:00.250Z".
std::string iso8601(std::chrono::system_clock::time_point when);

/// Reads ISO 8601: a date ("2024-05-01"), or a date and a time ("2024-05-01T08:30", seconds and a fraction, down to
/// nanoseconds, may follow) with `Z` or an offset ("+02:00"). Without an offset it is UTC. Nothing for anything else,
/// or outside the years 1970 to 2200.
std::optional<std::chrono::system_clock::time_point> parse_iso8601(std::string_view text);

} // namespace stibium::antimony
