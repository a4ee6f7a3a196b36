#include "transport/runtime/containerlab/snapshot.hpp"

#include "transport/runtime/docker/json.hpp"
#include "transport/runtime/state_file.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace stibium::containerlab {

using docker::text_at;

std::string to_string(ailment what) {
  switch (what) {
  case ailment::removed: return "removed";
  case ailment::down: return "down";
  case ailment::restarted: return "restarted";
  }
  return "unknown";
}

node_info node_seen::info() const {
  node_info result;
  result.name = node;
  result.kind = kind.empty() ? "linux" : kind;
  result.ipv4 = ipv4;
  result.ipv6 = ipv6;
  result.state = running() ? node_state::running : state == "created" ? node_state::starting : node_state::exited;
  result.container_id = container_id;
  result.container_name = container_name;
  return result;
}

lab_memory remember(const lab_seen& seen, const lab_memory& before) {
  lab_memory result;
  for (const auto& [name, node] : seen) {
    const auto known = before.find(name);
    const bool stopped = known != before.end() && known->second.stopped && !node.running();
    result[name] = {node.container_id, node.started_at, stopped, stopped && known->second.relink};
  }
  return result;
}

void remember_node(lab_memory& memory, const lab_seen& seen, const std::string& node, bool stopped) {
  const auto found = seen.find(node);
  if (found == seen.end()) return;
  const bool relink = stopped && memory[node].relink;
  memory[node] = {found->second.container_id, found->second.started_at, stopped, relink};
}

std::vector<patient> diagnose(const lab_memory& memory, const lab_seen& seen) {
  std::vector<patient> result;
  for (const auto& [name, right] : memory) {
    const auto found = seen.find(name);
    if (found == seen.end()) {
      result.push_back({name, ailment::removed});
      continue;
    }
    const auto& node = found->second;
    if (node.state == "paused" || node.state == "restarting") continue;
    if (!node.running()) {
      if (!right.stopped) result.push_back({name, ailment::down});
    } else if (right.stopped || node.container_id != right.container_id || node.started_at != right.started_at) {
      result.push_back({name, ailment::restarted});
    }
  }
  return result;
}

std::set<link_end> missing_ends(const std::vector<lab_link>& links, const lab_memory& memory, const lab_seen& seen) {
  const auto runs = [&](const link_end& end) {
    const auto node = seen.find(end.first);
    const auto right = memory.find(end.first);
    return node != seen.end() && node->second.running() && (right == memory.end() || !right->second.stopped);
  };
  std::set<link_end> result;
  for (const auto& link : links) {
    if (!std::ranges::all_of(link, runs)) continue;
    for (const auto& end : link) {
      const auto& node = seen.at(end.first);
      const bool telling = node.interfaces && (node.kind.empty() || node.kind == "linux");
      if (telling && !node.interfaces->contains(end.second)) result.insert(end);
    }
  }
  return result;
}

bool is_unsettled(const lab_memory& memory) {
  return std::ranges::any_of(memory, [](const auto& each) { return !each.second.doing.empty(); });
}

bool may_still_stop(const lab_memory& memory, const lab_seen& seen) {
  return std::ranges::any_of(memory, [&](const auto& each) {
    const auto& doing = each.second.doing;
    const auto node = seen.find(each.first);
    return (doing == "stop" || doing == "restart") && node != seen.end() && node->second.running();
  });
}

settlement settle(lab_memory memory, const lab_seen& seen) {
  settlement result;
  for (auto& [name, right] : memory) {
    const auto doing = std::exchange(right.doing, {});
    const auto node = seen.find(name);
    if (doing.empty() || node == seen.end()) continue;
    if (node->second.running() || node->second.state == "paused" || node->second.state == "restarting") {
      result.links_lost = true;
    } else {
      right.stopped |= doing == "stop";
      right.relink = right.stopped; // nobody knows how many of its links were parked
    }
  }
  result.memory = std::move(memory);
  return result;
}

std::string to_json(const lab_memory& memory) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> out{text};
  const auto put = [&](const std::string& value) {
    out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  out.StartObject();
  for (const auto& [name, node] : memory) {
    put(name);
    out.StartObject();
    out.Key("container");
    put(node.container_id);
    out.Key("startedAt");
    put(node.started_at);
    out.Key("stopped");
    out.Bool(node.stopped);
    out.Key("relink");
    out.Bool(node.relink);
    if (!node.doing.empty()) {
      out.Key("doing");
      put(node.doing);
    }
    out.EndObject();
  }
  out.EndObject();
  return {text.GetString(), text.GetSize()};
}

std::optional<lab_memory> read_memory(std::string_view json) {
  rapidjson::Document from;
  from.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (from.HasParseError() || !from.IsObject()) return std::nullopt;
  lab_memory result;
  for (const auto& each : from.GetObject()) {
    if (!each.value.IsObject()) return std::nullopt;
    const auto flag = [&](const char* key) {
      const auto at = each.value.FindMember(key);
      return at != each.value.MemberEnd() && at->value.IsTrue();
    };
    node_memory node{text_at(each.value, "container"), text_at(each.value, "startedAt"), flag("stopped"),
                     flag("relink"), text_at(each.value, "doing")};
    result.emplace(std::string{each.name.GetString(), each.name.GetStringLength()}, std::move(node));
  }
  return result;
}

bool save_memory(const instance_files& where, const lab_memory& memory) {
  const bool saved = runtime::write_whole(where.memory(), to_json(memory));
  if (!saved) spdlog::error("{} cannot be written", where.memory());
  return saved;
}

lab_memory load_memory(const instance_files& where) {
  std::ifstream in{where.memory(), std::ios::binary};
  if (!in) return {};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  return read_memory(text).value_or(lab_memory{});
}

} // namespace stibium::containerlab
