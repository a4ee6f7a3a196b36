#include "transport/runtime/containerlab/events.hpp"

#include "protocol/antimony/time_text.hpp"
#include "transport/runtime/containerlab/inspect.hpp"
#include "transport/runtime/docker/json.hpp"

#include <chrono>
#include <utility>

namespace stibium::containerlab {

using docker::text_at;

namespace {

constexpr std::pair<std::string_view, happening> actions[] = {
    {"running", happening::present}, {"create", happening::created}, {"start", happening::started},
    {"die", happening::died},        {"stop", happening::stopped},   {"kill", happening::killed},
    {"pause", happening::paused},    {"paused", happening::paused},  {"unpause", happening::unpaused},
    {"destroy", happening::removed}, {"exited", happening::died},
};

std::optional<lab_event> read_interface(const rapidjson::Value& from, const rapidjson::Value& about) {
  const auto action = text_at(from, "action");
  const bool lost = action == "delete";
  // An interface gets its name in an update.
  if (!lost && action != "create" && action != "update" && action != "snapshot") return std::nullopt;
  lab_event event;
  event.what = lost ? happening::link_lost : happening::link_there;
  event.lab = text_at(about, "lab");
  event.container_id = text_at(from, "actor_full_id");
  event.container_name = text_at(from, "actor_name");
  event.interface = text_at(about, "ifname");
  event.time_ns = nanoseconds_of(text_at(from, "timestamp"));
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
  case happening::link_there: return "link there";
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
  std::map<std::string, std::string> texts;
  for (const auto& each : about.GetObject())
    if (each.value.IsString())
      texts.emplace(std::string{each.name.GetString(), each.name.GetStringLength()},
                    std::string{each.value.GetString(), each.value.GetStringLength()});
  texts.emplace("name", text_at(from, "actor_name"));
  return read_docker_event(text_at(from, "action"), text_at(from, "actor_full_id"), texts,
                           nanoseconds_of(text_at(from, "timestamp")));
}

std::optional<lab_event> read_docker_event(const std::string& action, const std::string& container_id,
                                           const std::map<std::string, std::string>& attributes, int64_t time_ns) {
  const auto what = read_action(action);
  if (!what) return std::nullopt;
  const auto text = [&](const char* key) {
    const auto found = attributes.find(key);
    return found == attributes.end() ? std::string{} : found->second;
  };
  lab_event event;
  event.what = *what;
  event.lab = text("containerlab");
  event.node = text("clab-node-name");
  event.topology = text("clab-topo-file");
  event.kind = text("clab-node-kind");
  event.container_id = container_id;
  event.container_name = text("name");
  event.exit_code = text("exitCode");
  event.signal = text("signal");
  event.ipv4 = bare_address(text("mgmt_ipv4"));
  event.ipv6 = bare_address(text("mgmt_ipv6"));
  event.time_ns = time_ns;
  if (event.lab.empty() || event.node.empty() || event.container_id.empty()) return std::nullopt;
  return event;
}

int64_t nanoseconds_of(std::string_view time) {
  const auto when = antimony::parse_iso8601(time);
  return when ? std::chrono::nanoseconds{when->time_since_epoch()}.count() : 0;
}

} // namespace stibium::containerlab
