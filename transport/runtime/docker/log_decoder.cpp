#include "transport/runtime/docker/log_decoder.hpp"

#include "protocol/antimony/time_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

namespace stibium::docker {

namespace {

constexpr int64_t second_ns = 1'000'000'000;
constexpr size_t stamp_size = 31; // "2026-11-24T12:00:56.725426892Z "

bool is_stamp(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000000000Z ";
  static_assert(shape.size() == stamp_size);
  return std::ranges::equal(text, shape, [](char c, char s) { return s == '0' ? c >= '0' && c <= '9' : c == s; });
}

int64_t time_of(std::string_view stamp) {
  const auto when = antimony::parse_iso8601(stamp.substr(0, stamp_size - 1));
  return when ? std::chrono::nanoseconds{when->time_since_epoch()}.count() : 0;
}

uint64_t hash_of(const log_line& line) {
  const auto text = std::hash<std::string_view>{}(line.text);
  return text * 31 + static_cast<uint64_t>(line.time_ns) * 1000003 + static_cast<uint64_t>(line.stream) * 7 + line.part;
}

} // namespace

// -- decoder ----------------------------------------------------------------------------------------------------------

bool log_decoder::feed(std::string_view bytes, std::vector<log_line>& lines) {
  if (!multiplexed_) return add(1, bytes, lines), true;
  return frames_.feed(bytes, [&](int stream, std::string_view piece, bool) { add(stream, piece, lines); });
}

void log_decoder::add(int stream, std::string_view bytes, std::vector<log_line>& lines) {
  auto& line = open_.at(static_cast<size_t>(stream));
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line.text += bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    const bool complete = end != std::string_view::npos;
    if (!line.begun && !begin(line) && !complete) continue;
    clean(line);
    // A stamp may be cut at the end of what has come.
    while (line.text.size() >= max_log_line + stamp_size) emit(line, stream, max_log_line, lines);
    if (!complete) continue;
    while (line.text.size() > max_log_line) emit(line, stream, max_log_line, lines);
    while (line.text.ends_with('\r')) line.text.pop_back();
    emit(line, stream, line.text.size(), lines);
    line = {};
  }
}

// Takes the stamp off the beginning; false when there is not enough to tell.
bool log_decoder::begin(open_line& line) {
  if (line.text.size() < stamp_size) return false;
  line.begun = true;
  if (!is_stamp(std::string_view{line.text}.substr(0, stamp_size))) return true;
  line.stamp = line.text.substr(0, stamp_size);
  line.time_ns = time_of(line.stamp);
  line.text.erase(0, stamp_size);
  return true;
}

// Takes the stamps of further chunks away. No text has the same nanosecond in it by chance.
void log_decoder::clean(open_line& line) {
  if (line.stamp.empty()) return;
  auto at = line.searched;
  while ((at = line.text.find(line.stamp, at)) != std::string::npos) line.text.erase(at, stamp_size);
  line.searched = line.text.size() - std::min(line.text.size(), stamp_size - 1);
}

void log_decoder::emit(open_line& line, int stream, size_t size, std::vector<log_line>& lines) {
  lines.push_back({line.time_ns, stream, line.parts++, line.text.substr(0, size)});
  line.text.erase(0, size);
  line.searched -= std::min(line.searched, size);
}

void log_decoder::finish(std::vector<log_line>& lines) {
  for (size_t stream = 0; stream < open_.size(); ++stream)
    if (!open_[stream].text.empty()) add(static_cast<int>(stream), "\n", lines);
}

// -- memory -----------------------------------------------------------------------------------------------------------

void log_memory::remember(const log_line& line) {
  if (line.time_ns == 0) return;
  newest_ = std::max(newest_, line.time_ns);
  entries_.push_back({line.time_ns, hash_of(line)});
  while (entries_.size() > log_memory_lines || entries_.front().time_ns < newest_ - log_disorder.count()) {
    newest_gone_ = std::max(newest_gone_, entries_.front().time_ns);
    entries_.pop_front();
  }
}

std::string log_memory::resume() {
  before_.clear();
  for (const auto& each : entries_) ++before_[each.hash];
  if (newest_ == 0) return {};
  const auto since = std::max(newest_ - log_disorder.count(), newest_gone_ + 1);
  char text[64];
  std::snprintf(text, sizeof text, "%lld.%09lld", static_cast<long long>(since / second_ns),
                static_cast<long long>(since % second_ns));
  return text;
}

bool log_memory::known(const log_line& line) {
  if (before_.empty()) return false;
  const auto found = before_.find(hash_of(line));
  if (found == before_.end()) return false;
  if (--found->second == 0) before_.erase(found);
  return true;
}

} // namespace stibium::docker
