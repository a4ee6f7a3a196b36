#pragma once

#include "transport/runtime/docker/frames.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// \file
/// Docker's `/logs?timestamps=1` as lines. Pure.

namespace stibium::docker {

inline constexpr size_t max_log_line = 64 * 1024; ///< longer lines are cut into several
inline constexpr size_t log_memory_lines = 65536; ///< that are known again after a lost connection
/// How far the times of a log may be out of order: the engine takes a line's time a moment before it writes the line.
inline constexpr std::chrono::nanoseconds log_disorder = std::chrono::seconds{2};

/// A line of a log, or a part of one that is too long.
struct log_line {
  int64_t time_ns = 0; ///< since 1970, by Docker's clock; 0 when Docker has sent none
  int stream = 1;      ///< 1 stdout, 2 stderr
  uint32_t part = 0;   ///< of its line
  std::string text;    ///< without its end ("\n", "\r\n")
};

/// Makes lines of the bytes of a log, in whatever pieces they come. Docker keeps long lines in chunks of 16 KiB, each
/// with the time of the first: those become one line again.
class log_decoder {
public:
  /// `multiplexed`: the container has no terminal.
  explicit log_decoder(bool multiplexed)
      : multiplexed_(multiplexed) {}

  /// Takes the next bytes and adds what they complete. False when they are no such log.
  bool feed(std::string_view bytes, std::vector<log_line>& lines);

  /// The log has ended: what has no line end yet is a line too.
  void finish(std::vector<log_line>& lines);

private:
  struct open_line {
    std::string stamp; // with the blank behind it
    int64_t time_ns = 0;
    std::string text;
    size_t searched = 0; // of `text`: has no more stamps and no line end
    uint32_t parts = 0;
    bool begun = false; // its stamp has been read, or is known to be missing
  };
  void add(int stream, std::string_view bytes, std::vector<log_line>& lines);
  static bool begin(open_line& line);
  static void clean(open_line& line);
  static void emit(open_line& line, int stream, size_t size, std::vector<log_line>& lines);

  bool multiplexed_;
  frame_reader frames_;
  std::array<open_line, 4> open_;
};

/// Remembers the last lines, so that a log can be read on where it was left: from a moment before the last one on,
/// without those that are `known` (by time and text).
class log_memory {
public:
  void remember(const log_line& line);

  /// Where to read on: "1795521656.725426892" for Docker's `since`; empty: from the beginning. What was remembered is
  /// known from now on, once each.
  std::string resume();

  /// Whether the line was there before `resume`.
  bool known(const log_line& line);

private:
  struct entry {
    int64_t time_ns = 0;
    uint64_t hash = 0;
  };
  std::deque<entry> entries_;
  int64_t newest_ = 0, newest_gone_ = 0; // times; of all lines, of those forgotten
  std::unordered_map<uint64_t, int> before_;
};

} // namespace stibium::docker
