#pragma once

#include <set>
#include <string>
#include <string_view>

/// \file
/// What containerlab writes on stdout and stderr. Pure functions on text; forms as observed with 0.79.

namespace stibium::containerlab {

/// A line as people are to see it: without escape sequences (colours, cursor, titles), other control characters than
/// tabs, and blanks at its end. Of text that was overwritten by carriage returns only the last part stays.
std::string plain_line(std::string_view raw);

/// The value of `key=` in a log line, without quotes; empty when it is not there.
std::string value_of(std::string_view line, std::string_view key);

inline constexpr size_t max_reason = 8 * 1024; ///< bytes kept of a reason; the rest is cut

/// Reads the lines of one run as they come, and knows afterwards what happened. Bounded, whatever comes.
class output_reader {
public:
  /// Takes a line of either stream, as it came. \return it for the lab's log; empty: nothing to show.
  std::string take(std::string_view raw, bool from_stderr);

  /// Why it failed: the block under `ERROR` joined to one line, else the last line of level ERRO, else the last line of
  /// stderr that is not of level INFO; empty when it said nothing.
  std::string reason() const;

  /// Whether it says itself that it was interrupted.
  bool cancelled() const;

  /// Whether destroy found nothing to destroy.
  bool found_nothing() const { return found_nothing_; }

  /// The management network that it made; empty: none.
  const std::string& made_network() const { return made_network_; }

  /// Nodes of whose links at least one was made.
  const std::set<std::string>& linked() const { return linked_; }

  /// Nodes whose `exec` lines it ran.
  const std::set<std::string>& executed() const { return executed_; }

private:
  void note(const std::string& line);
  void add_to_block(const std::string& line);

  std::string block_, last_error_, last_line_, made_network_;
  std::set<std::string> linked_, executed_;
  bool in_block_ = false, found_nothing_ = false;
};

} // namespace stibium::containerlab
