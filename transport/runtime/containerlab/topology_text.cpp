#include "transport/runtime/containerlab/topology_text.hpp"

#include "actors/error.hpp"
#include "protocol/topology/yaml_value.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

namespace stibium::containerlab {

namespace {

using topology::yaml_value;

// The keys of a node (or of defaults, kinds, groups) whose value is a path, a list of paths, or binds.
constexpr std::string_view path_keys[] = {"startup-config", "license"};
constexpr std::string_view path_list_keys[] = {"env-files"};
constexpr std::string_view extra_list_keys[] = {"srl-agents", "ceos-copy-to-flash"}; // under `extras`
constexpr std::string_view authority_keys[] = {"cert", "key"}; // under `settings.certificate-authority`

bool is_relative_path(std::string_view path) {
  if (path.empty() || path.find('\n') != std::string_view::npos) return false;
  if (path.find("://") != std::string_view::npos) return false; // fetched by containerlab
  return path[0] != '/' && path[0] != '~' && path[0] != '$' && !path.starts_with("__clab");
}

std::string in_yaml_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// Collects replacements of scalars in the text and makes them.
class editor {
public:
  explicit editor(std::string_view text)
      : text_(text) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') line_starts_.push_back(i + 1);
  }

  // False when the scalar cannot be found where it is said to be.
  bool replace(const yaml_value& scalar, const std::string& by) {
    auto at = offset_of(scalar);
    if (!at) return false;
    if (text_.substr(*at).starts_with('*')) { // an alias: from here on a text of its own
      edits_[*at] = {token_length(*at), in_yaml_quotes(by)};
      return true;
    }
    if (text_.substr(*at).starts_with('&')) { // an anchor stands before it
      *at += token_length(*at);
      *at = text_.find_first_not_of(" \t", *at);
      if (*at == std::string_view::npos) return false;
    }
    const auto length = length_at(*at, scalar);
    if (!length) return false;
    edits_[*at] = {*length, in_yaml_quotes(by)};
    return true;
  }

  void insert(const yaml_value& before, const std::string& what) {
    if (const auto at = offset_of(before)) edits_[*at] = {0, what};
  }

  std::string result() const {
    std::string out;
    size_t from = 0;
    for (const auto& [at, edit] : edits_) {
      out += text_.substr(from, at - from);
      out += edit.by;
      from = at + edit.length;
    }
    out += text_.substr(from);
    return out;
  }

private:
  struct edit {
    size_t length = 0;
    std::string by;
  };

  std::optional<size_t> offset_of(const yaml_value& value) const {
    if (value.line < 1 || static_cast<size_t>(value.line) > line_starts_.size() || value.column < 1) return {};
    const auto at = line_starts_[static_cast<size_t>(value.line) - 1] + static_cast<size_t>(value.column) - 1;
    return at <= text_.size() ? std::optional{at} : std::nullopt;
  }

  // Of an anchor or alias.
  size_t token_length(size_t at) const { return std::min(text_.find_first_of(" \t\r\n,]}", at), text_.size()) - at; }

  // How long the scalar is in the text, with its quotes.
  std::optional<size_t> length_at(size_t at, const yaml_value& scalar) const {
    const auto rest = text_.substr(at);
    if (!scalar.quoted) return rest.starts_with(scalar.text) ? std::optional{scalar.text.size()} : std::nullopt;
    if (rest.empty() || (rest[0] != '"' && rest[0] != '\'')) return {};
    for (size_t i = 1; i < rest.size(); ++i) {
      if (rest[0] == '"' && rest[i] == '\\')
        ++i;
      else if (rest[i] == rest[0] && rest[0] == '\'' && i + 1 < rest.size() && rest[i + 1] == '\'')
        ++i;
      else if (rest[i] == rest[0])
        return i + 1;
    }
    return {};
  }

  std::string_view text_;
  std::vector<size_t> line_starts_;
  std::map<size_t, edit> edits_; // by offset
};

// Rewrites the paths of one topology.
class path_fixer {
public:
  path_fixer(editor& edits, std::string folder)
      : edits_(edits)
      , folder_(std::move(folder)) {}

  void all(const yaml_value& root) {
    const auto* settings = root.find("settings");
    if (const auto* authority = settings ? settings->find("certificate-authority") : nullptr)
      for (const auto key : authority_keys)
        if (const auto* value = authority->find(key)) path(*value, value->text.size());
    const auto* topology = root.find("topology");
    if (!topology) return;
    if (const auto* defaults = topology->find("defaults")) node(*defaults);
    for (const auto* group : {"kinds", "groups", "nodes"})
      if (const auto* map = topology->find(group))
        for (const auto& [key, value] : map->pairs) node(value);
  }

  const std::string& wrong() const { return wrong_; }

private:
  void node(const yaml_value& from) {
    for (const auto key : path_keys)
      if (const auto* value = from.find(key)) path(*value, value->text.size());
    for (const auto key : path_list_keys) list(from.find(key));
    if (const auto* extras = from.find("extras"))
      for (const auto key : extra_list_keys) list(extras->find(key));
    if (const auto* binds = from.find("binds"))
      for (const auto& item : binds->items)
        if (const auto colon = item.text.find(':'); colon != std::string::npos) path(item, colon);
  }

  void list(const yaml_value* from) {
    if (!from) return;
    for (const auto& item : from->items) path(item, item.text.size());
  }

  // The first `length` characters of the scalar are a path.
  void path(const yaml_value& scalar, size_t length) {
    const auto relative = scalar.text.substr(0, length);
    if (!scalar.is_scalar() || scalar.text.find('\n') != std::string::npos || !is_relative_path(relative)) return;
    const auto absolute = (std::filesystem::path{folder_} / relative).lexically_normal().string();
    if (!edits_.replace(scalar, absolute + scalar.text.substr(length)) && wrong_.empty())
      wrong_ = "line " + std::to_string(scalar.line) + ", column " + std::to_string(scalar.column) + ": the path \"" +
               relative + "\" has to stand on one line";
  }

  editor& edits_;
  std::string folder_, wrong_;
};

} // namespace

caf::expected<std::string> instance_topology(std::string_view text, const std::string& instance,
                                             const std::string& source_folder) {
  const auto root = topology::read_yaml(text);
  if (!root) return failure(ec::runtime_failed, topology::to_string(root.error()));
  if (!root->is_map() || root->pairs.empty()) return failure(ec::runtime_failed, "the topology is no map");
  editor edits{text};
  if (const auto* name = root->find("name")) {
    if (!name->is_scalar() || !edits.replace(*name, instance))
      return failure(ec::runtime_failed,
                     "line " + std::to_string(name->line) + ": the lab's name has to be a text on one line");
  } else {
    const auto& first = root->pairs.front().first;
    // In front of the first key of a map in block style, on a line of its own.
    edits.insert(first, "name: " + in_yaml_quotes(instance) + (first.column == 1 ? "\n" : ", "));
  }
  path_fixer fixer{edits, source_folder};
  fixer.all(*root);
  if (!fixer.wrong().empty()) return failure(ec::runtime_failed, fixer.wrong());
  return edits.result();
}

} // namespace stibium::containerlab
