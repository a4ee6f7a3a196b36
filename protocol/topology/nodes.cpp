#include "protocol/topology/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stibium::topology {

namespace {

constexpr size_t max_node_name = 63; // it becomes a host name

// A few large defaults times many nodes: bounds what inheriting may write.
constexpr size_t max_inherited_bytes = 16 * 1024 * 1024;

// Keys that are read here.
constexpr std::array<std::string_view, 15> read_keys{
    "kind", "image", "group", "type",           "cmd",       "entrypoint", "env",         "labels",
    "exec", "binds", "ports", "startup-config", "mgmt-ipv4", "mgmt-ipv6",  "network-mode"};

// Keys that containerlab knows and the embedded runtime has no use for.
constexpr std::array<std::string_view, 38> passed_keys{"aliases",
                                                       "auto-remove",
                                                       "cap-add",
                                                       "certificate",
                                                       "components",
                                                       "config",
                                                       "cpu",
                                                       "cpu-set",
                                                       "credentials",
                                                       "devices",
                                                       "dns",
                                                       "enforce-startup-config",
                                                       "env-files",
                                                       "extras",
                                                       "healthcheck",
                                                       "host",
                                                       "image-pull-policy",
                                                       "license",
                                                       "link-application",
                                                       "memory",
                                                       "mgmt_ipv4",
                                                       "mgmt_ipv6",
                                                       "position",
                                                       "privileged",
                                                       "publish",
                                                       "ram",
                                                       "restart-policy",
                                                       "runtime",
                                                       "sandbox",
                                                       "security-opt",
                                                       "shm-size",
                                                       "stages",
                                                       "startup-delay",
                                                       "suppress-startup-config",
                                                       "sysctls",
                                                       "tmpfs",
                                                       "user",
                                                       "wait-for"};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool is_node_name(std::string_view name) {
  return !name.empty() && name.size() <= max_node_name && name[0] != '.' && name[0] != '-' && name[0] != '_' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

bool contains(std::span<const std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// The place inside the node that a bind "source:target[:options]" mounts to.
std::string_view bind_target(std::string_view bind) {
  const auto first = bind.find(':');
  if (first == std::string_view::npos) return bind;
  const auto rest = bind.substr(first + 1);
  return rest.substr(0, rest.find(':'));
}

void add_bind(std::vector<std::string>& binds, std::string bind) {
  for (auto& old : binds)
    if (bind_target(old) == bind_target(bind)) {
      old = std::move(bind);
      return;
    }
  binds.push_back(std::move(bind));
}

// Applies one level (defaults, a kind, a group, the node) on top of those before it.
void apply_layer(checker& check, const yaml_value& layer, node& to) {
  check.text(layer, "image", to.image);
  check.text(layer, "group", to.group);
  check.text(layer, "type", to.type);
  check.text(layer, "cmd", to.cmd);
  check.text(layer, "entrypoint", to.entrypoint);
  check.text(layer, "startup-config", to.startup_config);
  check.text(layer, "mgmt-ipv4", to.mgmt_ipv4);
  check.text(layer, "mgmt-ipv6", to.mgmt_ipv6);
  check.text(layer, "network-mode", to.network_mode);
  check.texts(layer, "ports", to.ports);
  std::map<std::string, std::string> more;
  if (check.text_map(layer, "env", more))
    for (auto& [key, value] : more) to.env[key] = std::move(value);
  if (check.text_map(layer, "labels", more))
    for (auto& [key, value] : more) to.labels[key] = std::move(value);
  std::vector<std::string> lines;
  if (check.texts(layer, "exec", lines)) std::move(lines.begin(), lines.end(), std::back_inserter(to.exec));
  if (check.texts(layer, "binds", lines))
    for (auto& bind : lines) add_bind(to.binds, std::move(bind));
  for (const auto& [key, value] : layer.pairs)
    if (!contains(read_keys, key.text)) to.others[key.text] = value.text;
}

void warn_of_unknown_keys(checker& check, const yaml_value& layer, std::string_view where) {
  for (const auto& [key, value] : layer.pairs)
    if (!contains(read_keys, key.text) && !contains(passed_keys, key.text))
      check.warning(key, fmt::format("unknown key \"{}\" in {} is ignored", key.text, where));
}

size_t bytes_in(const yaml_value& value) {
  size_t out = 32 + value.text.size();
  for (const auto& item : value.items) out += bytes_in(item);
  for (const auto& [key, part] : value.pairs) out += bytes_in(key) + bytes_in(part);
  return out;
}

// Reads the nodes one by one on top of the shared levels.
class node_reader {
public:
  node_reader(checker& check, const yaml_value& topology)
      : check_{check}
      , defaults_{check.map(topology, "defaults")}
      , kinds_{check.map(topology, "kinds")}
      , groups_{check.map(topology, "groups")} {
    if (defaults_) warn_of_unknown_keys(check_, *defaults_, "defaults");
    warn_of_unknown_in_each(kinds_, "kind");
    warn_of_unknown_in_each(groups_, "group");
  }

  void read(const yaml_value& name, const yaml_value& body, definition& into) {
    if (!is_node_name(name.text)) {
      check_.error(name, fmt::format("\"{}\" cannot be a node's name: use up to {} letters, digits, \"-\", \"_\" and "
                                     "\".\", beginning with a letter or digit",
                                     name.text.substr(0, 80), max_node_name));
      return;
    }
    if (is_reserved_node_name(name.text)) {
      check_.error(name, fmt::format("\"{}\" cannot be a node's name: in links it means something else", name.text));
      return;
    }
    if (!body.is_map() && !body.is_null()) {
      check_.error(body, fmt::format("node {} must be a map, not {}", name.text, describe(body)));
      return;
    }
    warn_of_unknown_keys(check_, body, "node " + name.text);
    node made;
    made.name = name.text;
    made.line = name.line;
    if (find_kind(name, body, made) && inherit(name, body, made)) into.nodes.push_back(std::move(made));
  }

private:
  void warn_of_unknown_in_each(const yaml_value* levels, std::string_view what) {
    if (!levels) return;
    for (const auto& [name, level] : levels->pairs) {
      if (level.is_map())
        warn_of_unknown_keys(check_, level, fmt::format("{} {}", what, name.text));
      else if (!level.is_null())
        check_.error(level, fmt::format("{} {} must be a map, not {}", what, name.text, describe(level)));
    }
  }

  static const yaml_value* level(const yaml_value* levels, std::string_view name) {
    const auto* found = levels && !name.empty() ? levels->find(name) : nullptr;
    return found && found->is_map() ? found : nullptr;
  }

  bool find_kind(const yaml_value& name, const yaml_value& body, node& made) {
    if (defaults_) check_.text(*defaults_, "group", made.group);
    check_.text(body, "group", made.group);
    const auto* group = level(groups_, made.group);
    const auto errors_before = check_.errors.size();
    for (const auto* source : {&body, group, defaults_})
      if (source && check_.text(*source, "kind", made.kind) && !made.kind.empty()) return true;
    if (check_.errors.size() == errors_before)
      check_.error(name, fmt::format("node \"{}\" has no kind: say \"kind: linux\" in the node, in its group or in "
                                     "topology.defaults",
                                     name.text));
    return false;
  }

  bool inherit(const yaml_value& name, const yaml_value& body, node& made) {
    const auto group_name = made.group;
    for (const auto* source : {defaults_, level(kinds_, made.kind), level(groups_, group_name), &body}) {
      if (!source || !source->is_map()) continue;
      inherited_ += bytes_in(*source);
      if (inherited_ > max_inherited_bytes) {
        check_.error(name, fmt::format("the nodes are too large: with all that they inherit they may hold {} bytes",
                                       max_inherited_bytes));
        return false;
      }
      apply_layer(check_, *source, made);
    }
    made.group = group_name;
    return true;
  }

  checker& check_;
  const yaml_value *defaults_, *kinds_, *groups_;
  size_t inherited_ = 0;
};

} // namespace

bool is_reserved_node_name(std::string_view name) {
  static constexpr std::array<std::string_view, 6> reserved{"host",  "mgmt-net", "macvlan",
                                                            "dummy", "vxlan",    "vxlan-stitch"};
  return contains(reserved, name);
}

void read_nodes(checker& check, const yaml_value& topology, definition& into) {
  const auto errors_before = check.errors.size();
  const auto* nodes = check.map(topology, "nodes");
  if (!nodes || nodes->pairs.empty()) {
    if (check.errors.size() == errors_before)
      check.error(topology, "there are no nodes: name at least one under topology.nodes");
    return;
  }
  if (nodes->pairs.size() > max_nodes) {
    check.error(*nodes, fmt::format("there are {} nodes: a topology may have {}", nodes->pairs.size(), max_nodes));
    return;
  }
  node_reader reader{check, topology};
  for (const auto& [name, body] : nodes->pairs) reader.read(name, body, into);
}

} // namespace stibium::topology
