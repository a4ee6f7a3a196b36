#include "transport/web/rest_json.hpp"

#include "protocol/antimony/time_text.hpp"
#include "protocol/socketio/json.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace stibium::web {

namespace {

using antimony::iso8601;
using socketio::json_string;

std::string time_json(const std::optional<time_point>& when) { return when ? json_string(iso8601(*when)) : "null"; }

std::string node_json(const node_info& node) {
  const auto container = json_string(node.container_name);
  // "containnerName" is what some clients read.
  return fmt::format(R"({{"name":{},"kind":{},"ipv4":{},"ipv6":{},"state":{},"containerId":{},"containerName":{},)"
                     R"("containnerName":{},"interfaceCaptures":{{}},"canRestart":{}}})",
                     json_string(node.name), json_string(node.kind), json_string(node.ipv4), json_string(node.ipv6),
                     json_string(to_string(node.state)), json_string(node.container_id), container, container,
                     node.can_restart);
}

// When an instance was deployed: its name ends with the milliseconds.
time_point deployed_at(const lab_view& lab) {
  const auto dash = lab.instance.rfind('-');
  int64_t ms = 0;
  if (dash == std::string::npos) return lab.latest_state_change;
  const auto* const end = lab.instance.data() + lab.instance.size();
  const auto [stop, bad] = std::from_chars(lab.instance.data() + dash + 1, end, ms);
  constexpr int64_t most = 9000000000000; // what the clock holds
  if (bad != std::errc{} || stop != end || ms < 0 || ms > most) return lab.latest_state_change;
  return time_point{std::chrono::milliseconds{ms}};
}

std::string nodes_json(const std::vector<node_info>& nodes) {
  std::string out;
  for (const auto& node : nodes) out += (out.empty() ? "" : ",") + node_json(node);
  return "[" + out + "]";
}

std::string instance_json(const lab_view& lab) {
  return fmt::format(R"({{"name":{},"deployed":{},"state":{},"latestStateChange":{},"nodes":{},"recovered":{}}})",
                     json_string(lab.instance), json_string(iso8601(deployed_at(lab))), static_cast<int>(lab.state),
                     json_string(iso8601(lab.latest_state_change)), nodes_json(lab.nodes), lab.recovered);
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
  const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), into);
  return bad == std::errc{} && stop == text.data() + text.size();
}

bool fits(const lab_view& lab, const lab_query& query, const std::string& search) {
  if (!search.empty() && lower(lab.name).find(search) == std::string::npos) return false;
  const auto any_of = [](const auto& list, const auto& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
  };
  if (!query.states.empty() && !any_of(query.states, static_cast<int>(lab.state))) return false;
  if (!query.collections.empty() && !any_of(query.collections, lab.collection_id) &&
      !any_of(query.collections, lab.collection))
    return false;
  if (query.end && lab.start_time && *lab.start_time > *query.end) return false;
  if (query.start && lab.end_time && *lab.end_time < *query.start) return false;
  return true;
}

void read_times(const http_request& request, lab_query& into) {
  for (auto [name, target] : {std::pair{"startDate", &into.start}, std::pair{"endDate", &into.end}}) {
    const auto text = request.query_value(name);
    if (!text || text->empty()) continue;
    *target = antimony::parse_iso8601(*text);
    if (!*target) into.error = fmt::format("{} must be a time as in ISO 8601", name);
  }
}

} // namespace

http_response payload_response(std::string_view json) {
  return {200, "application/json", fmt::format(R"({{"payload":{}}})", json), {}};
}

http_response error_response(int status, int code, std::string_view message) {
  return {status, "application/json", fmt::format(R"({{"code":{},"message":{}}})", code, json_string(message)), {}};
}

std::string lab_json(const lab_view& lab) {
  auto out = fmt::format(R"({{"id":{},"name":{},"startTime":{},"endTime":{},"topologyId":{},"collectionId":{},)"
                         R"("creator":{{"id":{},"name":{}}},"topologyDefinition":{})",
                         json_string(lab.id.value), json_string(lab.name),
                         json_string(iso8601(lab.start_time.value_or(time_point{}))), time_json(lab.end_time),
                         json_string(lab.topology_id), json_string(lab.collection_id), json_string(lab.creator_id),
                         json_string(lab.creator_name), json_string(lab.topology));
  if (!lab.instance.empty())
    out += fmt::format(R"(,"instanceName":{},"instance":{})", json_string(lab.instance), instance_json(lab));
  return out + "}";
}

std::string orphans_json(const std::vector<instance_status>& orphans) {
  std::string out;
  for (const auto& each : orphans)
    out += fmt::format(R"({}{{"name":{},"nodes":{}}})", out.empty() ? "" : ",", json_string(each.name),
                       nodes_json(each.nodes));
  return "[" + out + "]";
}

std::string labs_json(const std::vector<lab_view>& labs) {
  std::string out = "[";
  for (const auto& lab : labs) {
    if (out.size() > 1) out += ',';
    out += lab_json(lab);
  }
  return out + "]";
}

login_form parse_login(std::string_view body) {
  login_form out;
  rapidjson::Document form;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  if (form.Parse<flags>(body.data(), body.size()).HasParseError() || !form.IsObject()) {
    out.error = "the body must be a JSON object with username and password";
    return out;
  }
  for (auto [name, target] : {std::pair{"username", &out.username}, std::pair{"password", &out.password}}) {
    const auto found = form.FindMember(name);
    if (found == form.MemberEnd() || !found->value.IsString()) {
      out.error = fmt::format("{} must be a string", name);
      return out;
    }
    target->assign(found->value.GetString(), found->value.GetStringLength());
  }
  return out;
}

lab_query parse_lab_query(const http_request& request) {
  lab_query out;
  if (const auto text = request.query_value("limit"); text && !text->empty() && *text != "-1") {
    size_t limit = 0;
    if (!read_number(*text, limit)) out.error = "limit must be a whole number";
    out.limit = limit;
  }
  if (const auto text = request.query_value("offset"); text && !text->empty() && !read_number(*text, out.offset))
    out.error = "offset must be a whole number";
  out.search = request.query_value("searchQuery").value_or("");
  read_times(request, out);
  for (const auto* name : {"stateFilter[]", "stateFilter"})
    for (const auto& text : request.query_values(name)) {
      int state = 0;
      if (!read_number(text, state) || state < -2 || state > 3) out.error = "stateFilter must be numbers from -2 to 3";
      out.states.push_back(state);
    }
  for (const auto* name : {"collectionFilter[]", "collectionFilter"})
    for (auto& text : request.query_values(name)) out.collections.push_back(std::move(text));
  return out;
}

std::vector<lab_view> select_labs(std::vector<lab_view> labs, const lab_query& query, size_t& total) {
  const auto search = lower(query.search);
  std::erase_if(labs, [&](const lab_view& lab) { return !fits(lab, query, search); });
  std::sort(labs.begin(), labs.end(), [](const lab_view& a, const lab_view& b) {
    return std::tie(a.start_time, a.name, a.id.value) < std::tie(b.start_time, b.name, b.id.value);
  });
  total = labs.size();
  const auto first = std::min(query.offset, labs.size());
  labs.erase(labs.begin(), labs.begin() + static_cast<std::ptrdiff_t>(first));
  if (query.limit && *query.limit < labs.size()) labs.resize(*query.limit);
  return labs;
}

} // namespace stibium::web
