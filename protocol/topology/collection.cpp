#include "protocol/topology/collection.hpp"

#include "protocol/antimony/time_text.hpp"
#include "protocol/topology/checker.hpp"

#include <fmt/format.h>

#include <array>

namespace stibium::topology {

namespace {

void read_time(checker& check, const yaml_value& map, std::string_view key,
               std::optional<std::chrono::system_clock::time_point>& into) {
  std::string text;
  if (!check.text(map, key, text)) return;
  into = antimony::parse_iso8601(text);
  if (!into) check.error(*map.find(key), fmt::format("{} must be a time as in ISO 8601: 2024-05-01T08:00:00Z", key));
}

void read_schedule(checker& check, const yaml_value& root, collection& into) {
  static constexpr std::array<std::string_view, 2> known{"startTime", "endTime"};
  const auto* entries = check.map(root, "schedule");
  if (!entries) return;
  for (const auto& [file, times] : entries->pairs) {
    if (!times.is_map()) {
      check.error(times, fmt::format("the schedule of {} must be a map with startTime and endTime", file.text));
      continue;
    }
    check.unknown_keys(times, known, "the schedule of " + file.text);
    schedule made;
    read_time(check, times, "startTime", made.start);
    read_time(check, times, "endTime", made.end);
    if (made.start && made.end && *made.end <= *made.start)
      check.error(*times.find("endTime"), fmt::format("endTime of {} must be later than its startTime", file.text));
    into.schedules[file.text] = made;
  }
}

} // namespace

collection_reading read_collection(std::string_view text) {
  static constexpr std::array<std::string_view, 3> known{"creator", "publicDeploy", "schedule"};
  collection_reading out;
  yaml_limits limits;
  limits.text_bytes = max_collection_bytes;
  const auto root = read_yaml(text, limits);
  if (!root) {
    out.errors.push_back(root.error());
    return out;
  }
  checker check;
  collection made;
  if (root->is_map()) {
    check.unknown_keys(*root, known, "the file");
    check.text(*root, "creator", made.creator);
    check.flag(*root, "publicDeploy", made.public_deploy);
    read_schedule(check, *root, made);
  } else if (!root->is_null()) {
    check.error(fmt::format("the file holds {}, but must be a map", describe(*root)));
  }
  out.errors = std::move(check.errors);
  out.warnings = std::move(check.warnings);
  if (out.errors.empty()) out.value = std::move(made);
  return out;
}

} // namespace stibium::topology
