#include "transport/runtime/containerlab/inspect.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/json.hpp"

#include <rapidjson/error/en.h>

namespace stibium::containerlab {

using docker::text_at;

namespace {

inspected_node read_node(const rapidjson::Value& from) {
  inspected_node node;
  node.lab = text_at(from, "lab_name");
  node.topology = text_at(from, "absLabPath");
  node.container_id = text_at(from, "container_id");
  node.container_name = text_at(from, "name");
  node.image = text_at(from, "image");
  node.kind = text_at(from, "kind");
  node.state = text_at(from, "state");
  node.ipv4 = bare_address(text_at(from, "ipv4_address"));
  node.ipv6 = bare_address(text_at(from, "ipv6_address"));
  return node;
}

} // namespace

std::string bare_address(std::string_view text) {
  const auto address = text.substr(0, text.find('/'));
  if (address.find_first_of(".:") == std::string_view::npos) return {};
  return std::string{address};
}

caf::expected<std::vector<inspected_node>> read_inspect(std::string_view json) {
  rapidjson::Document all;
  all.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (all.HasParseError())
    return failure(ec::runtime_failed,
                   std::string{"containerlab inspect: no JSON: "} + rapidjson::GetParseError_En(all.GetParseError()));
  if (!all.IsObject()) return failure(ec::runtime_failed, "containerlab inspect: no JSON object");
  std::vector<inspected_node> nodes;
  for (const auto& lab : all.GetObject()) {
    if (!lab.value.IsArray()) continue;
    for (const auto& each : lab.value.GetArray()) {
      if (!each.IsObject()) continue;
      nodes.push_back(read_node(each));
      if (nodes.back().lab.empty()) nodes.back().lab.assign(lab.name.GetString(), lab.name.GetStringLength());
    }
  }
  return nodes;
}

} // namespace stibium::containerlab
