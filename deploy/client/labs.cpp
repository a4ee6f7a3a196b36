#include "deploy/client/labs.hpp"

#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/rest.hpp"

#include <algorithm>

namespace stibium::client {

namespace {

std::string state_name(int code) {
  switch (code) {
  case 0: return "deploying";
  case 1: return "running";
  case 2: return "stopping";
  case 3: return "failed";
  default: return "inactive";
  }
}

template <class F>
std::vector<const lab*> matching(const std::vector<lab>& all, F&& fits) {
  std::vector<const lab*> result;
  for (const auto& each : all)
    if (fits(each)) result.push_back(&each);
  return result;
}

// Characters, not bytes; good enough for what names are made of.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

lab lab_from(const rapidjson::Value& json) {
  lab result{text_of(json, "id"), text_of(json, "name"), {}, "inactive", {}};
  if (const auto* creator = member(json, "creator")) result.creator = text_of(*creator, "name");
  const auto* instance = member(json, "instance");
  if (!instance || !instance->IsObject()) return result;
  result.state = state_name(number_of(*instance, "state", -1));
  const auto* nodes = member(*instance, "nodes");
  if (!nodes || !nodes->IsArray()) return result;
  for (const auto& node : nodes->GetArray())
    result.nodes.push_back(
        {text_of(node, "name"), text_of(node, "kind"), text_of(node, "state"), text_of(node, "containerId")});
  return result;
}

std::vector<lab> labs_from(const rapidjson::Value& array) {
  std::vector<lab> result;
  if (array.IsArray())
    for (const auto& each : array.GetArray()) result.push_back(lab_from(each));
  return result;
}

task<rapidjson::Document> fetch_labs(const service_url& where, const std::string& token) {
  return ask_as(where, token, "GET", "/labs?limit=1000");
}

const lab& find_lab(const std::vector<lab>& all, const std::string& wanted) {
  const auto exact = matching(all, [&](const lab& it) { return it.id == wanted || it.name == wanted; });
  const auto begun = matching(all, [&](const lab& it) {
    return !wanted.empty() && (it.id.starts_with(wanted) || it.name.starts_with(wanted));
  });
  const auto& found = exact.empty() ? begun : exact;
  if (found.size() == 1) return *found.front();
  std::string text = found.empty() ? "there is no lab \"" + wanted + "\"" : "\"" + wanted + "\" may be each of";
  if (found.empty()) text += all.empty() ? ", and no other that you may see" : "; there are:";
  for (const auto& each : all)
    if (found.empty() || std::find(found.begin(), found.end(), &each) != found.end())
      text += "\n  " + each.name + "  " + each.id;
  throw failure{text};
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

} // namespace stibium::client
