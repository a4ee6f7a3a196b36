#include "transport/runtime/containerlab/events.hpp"

#include "transport/runtime/containerlab/json_fields.hpp"

#include <utility>

namespace stibium::containerlab {

namespace {

constexpr std::pair<std::string_view, happening> actions[] = {
    {"running", happening::present}, {"create", happening::created}, {"start", happening::started},
    {"die", happening::died},        {"stop", happening::stopped},   {"kill", happening::killed},
    {"pause", happening::paused},    {"paused", happening::paused},  {"unpause", happening::unpaused},
    {"destroy", happening::removed}, {"exited", happening::died},
};

std::optional<lab_event> read_interface(const rapidjson::Value& from, const rapidjson::Value& about) {
  if (text_at(from, "action") != "delete") return std::nullopt;
  lab_event event;
  event.what = happening::link_lost;
  event.lab = text_at(about, "lab");
  event.container_id = text_at(from, "actor_full_id");
  event.container_name = text_at(from, "actor_name");
  event.interface = text_at(about, "ifname");
  if (event.lab.empty() || event.container_id.empty() || event.interface.empty()) return std::nullopt;
  return event;
}

} // namespace

std::string to_string(happening what) {
  switch (what) {
  case happening::present: return "present";
  case happening::created: return "created";
  case happening::started: return "started";
  case happening::died: return "died";
  case happening::stopped: return "stopped";
  case happening::killed: return "killed";
  case happening::paused: return "paused";
  case happening::unpaused: return "unpaused";
  case happening::removed: return "removed";
  case happening::link_lost: return "link lost";
  }
  return "unknown";
}

std::optional<happening> read_action(std::string_view action) {
  for (const auto& [word, meaning] : actions)
    if (word == action) return meaning;
  return std::nullopt;
}

std::optional<lab_event> read_event(std::string_view line) {
  rapidjson::Document from;
  from.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  if (from.HasParseError() || !from.IsObject()) return std::nullopt;
  const auto attributes = from.FindMember("attributes");
  if (attributes == from.MemberEnd() || !attributes->value.IsObject()) return std::nullopt;
  const auto& about = attributes->value;
  const auto type = text_at(from, "type");
  if (type == "interface") return read_interface(from, about);
  if (type != "container") return std::nullopt;
  const auto what = read_action(text_at(from, "action"));
  if (!what) return std::nullopt;
  lab_event event;
  event.what = *what;
  event.lab = text_at(about, "containerlab");
  event.node = text_at(about, "clab-node-name");
  event.topology = text_at(about, "clab-topo-file");
  event.kind = text_at(about, "clab-node-kind");
  event.container_id = text_at(from, "actor_full_id");
  event.container_name = text_at(from, "actor_name");
  event.exit_code = text_at(about, "exitCode");
  event.signal = text_at(about, "signal");
  if (event.lab.empty() || event.node.empty() || event.container_id.empty()) return std::nullopt;
  return event;
}

} // namespace stibium::containerlab
