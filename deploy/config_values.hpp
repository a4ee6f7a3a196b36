#pragma once

#include "deploy/config.hpp"

#include <optional>
#include <string>
#include <string_view>

/// \file
/// Single values of the configuration as people write them.

namespace stibium::deploy {

/// A whole number without sign, digits only.
std::optional<uint64_t> parse_number(std::string_view text);

/// `true` or `false`.
std::optional<bool> parse_flag(std::string_view text);

/// A time span: `250ms`, `25s`, `30m`, `2h`; a bare number counts in `unit`. Up to 10 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds unit);

/// A time span in its largest whole unit.
std::string to_text(std::chrono::milliseconds span);

/// A number of bytes: `4096`, `64KiB`, `1MiB`, `2GiB`.
std::optional<uint64_t> parse_bytes(std::string_view text);

/// A number of bytes in its largest whole unit.
std::string bytes_text(uint64_t bytes);

/// `HOST:PORT`, `[IPV6]:PORT`, `:PORT` (all addresses).
std::optional<endpoint> parse_endpoint(std::string_view text);

/// An origin as browsers send it, `scheme://host[:port]`, or `*`.
bool is_origin(std::string_view text);

/// The word of `among` that is closest to `word`, when one is close enough to be meant; else empty.
std::string nearest(std::string_view word, const std::vector<std::string>& among);

} // namespace stibium::deploy
