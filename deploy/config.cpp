#include "deploy/config.hpp"

#include "deploy/config_keys.hpp"
#include "deploy/config_values.hpp"

#include <yaml-cpp/yaml.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

namespace stibium::deploy {

namespace {

constexpr size_t max_file_bytes = 1024 * 1024;

std::vector<std::string> names_below(std::string_view section) {
  std::vector<std::string> names;
  for (const auto& rule : rules())
    if (section.empty())
      names.push_back(rule.name.substr(0, rule.name.find('.')));
    else if (rule.name.starts_with(std::string{section} + "."))
      names.push_back(rule.name.substr(section.size() + 1));
  return names;
}

// "did you mean" for a key that is not there: one of its section, else the same word in another section.
std::string advice(const std::string& section, const std::string& key) {
  if (const auto close = nearest(key, names_below(section)); !close.empty()) return "; did you mean \"" + close + "\"?";
  for (const auto& rule : rules())
    if (rule.name.substr(rule.name.find('.') + 1) == key) return "; did you mean \"" + rule.name + "\"?";
  std::string all;
  std::set<std::string> seen;
  for (const auto& name : names_below(section))
    if (seen.insert(name).second) all += (all.empty() ? "" : ", ") + name;
  return "; there are: " + all;
}

class reader {
public:
  reader(reading& into, const std::string& file, const std::string& folder)
      : into_(into)
      , file_(file)
      , folder_(folder) {}

  void document(const YAML::Node& root) {
    if (!root.IsDefined() || root.IsNull()) return;
    if (!root.IsMap()) return complain(root, "the file must hold sections such as \"server:\"; see deploy/stibium.yml");
    each(root, "", [this](const std::string& name, const YAML::Node& key, const YAML::Node& value) {
      if (names_below(name).empty()) return complain(key, "unknown section \"" + name + "\"" + advice("", name));
      section(name, value);
    });
  }

  void complain(const YAML::Node& where, std::string text) { complain(where.Mark(), std::move(text)); }
  void complain(const YAML::Mark& mark, std::string text) {
    const bool known = !mark.is_null();
    into_.wrong.push_back({file_, known ? mark.line + 1 : 0, known ? mark.column + 1 : 0, std::move(text)});
  }

private:
  template <class F>
  void each(const YAML::Node& map, const std::string& section, F&& use) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) {
        complain(entry.first, "a key must be a word");
        continue;
      }
      const auto name = entry.first.Scalar();
      if (!seen.insert(name).second)
        complain(entry.first,
                 "\"" + (section.empty() ? name : section + "." + name) + "\" stands here twice; keep one");
      else
        use(name, entry.first, entry.second);
    }
  }

  void section(const std::string& name, const YAML::Node& body) {
    if (body.IsNull()) return;
    if (!body.IsMap()) return complain(body, "\"" + name + "\" must hold keys, indented below it");
    each(body, name, [&](const std::string& word, const YAML::Node& key, const YAML::Node& value) {
      if (const auto* rule = find_rule(name + "." + word))
        assign(*rule, value);
      else
        complain(key, "unknown key \"" + name + "." + word + "\"" + advice(name, word));
    });
  }

  void assign(const key_rule& rule, const YAML::Node& value) {
    if (value.IsNull()) return complain(value, rule.name + " has no value; give one or remove the line");
    raw_value raw;
    raw.is_list = value.IsSequence();
    if (value.IsMap() && rule.assign_map)
      return rule.assign_map(into_.values, value, folder_,
                             [this](const YAML::Node& where, std::string text) { complain(where, std::move(text)); });
    if (value.IsMap()) return complain(value, rule.name + " takes: " + rule.takes + "; these are keys");
    if (value.IsScalar()) raw.items.push_back(value.Scalar());
    for (size_t i = 0; raw.is_list && i < value.size(); ++i) {
      if (!value[i].IsScalar()) return complain(value[i], rule.name + " takes: " + rule.takes);
      raw.items.push_back(value[i].Scalar());
    }
    if (rule.is_folder && !raw.is_list && !raw.items.front().empty())
      raw.items.front() = (std::filesystem::path{folder_} / raw.items.front()).lexically_normal().string();
    if (!rule.assign(into_.values, raw)) complain(value, refusal(rule, raw));
  }

  reading& into_;
  const std::string& file_;
  const std::string& folder_;
};

// A key that holds keys, given as one line of YAML.
std::string set_map(settings& values, const key_rule& rule, std::string_view text) {
  std::string wrong;
  const auto complain = [&](const YAML::Node&, std::string what) { wrong += (wrong.empty() ? "" : "; ") + what; };
  try {
    const auto map = YAML::Load(std::string{text});
    if (!map.IsMap()) return rule.name + " takes: " + rule.takes;
    rule.assign_map(values, map, "", complain);
  } catch (const YAML::Exception& error) {
    return rule.name + ": no valid YAML: " + error.msg;
  }
  return wrong;
}

// What no single key can see.
void check_together(reading& into, const std::string& file) {
  const auto& all = into.values;
  if (all.logs.line_bytes > all.logs.backlog_bytes)
    into.wrong.push_back({file, 0, 0, "logs.lineBytes must not be larger than logs.backlogBytes"});
}

} // namespace

std::string to_string(const complaint& what) {
  auto place = what.file;
  if (what.line > 0) place += ":" + std::to_string(what.line) + ":" + std::to_string(what.column);
  return place + ": " + what.text;
}

reading read_settings(std::string_view text, const std::string& file, const std::string& folder, settings base) {
  reading result{std::move(base), {}};
  reader read{result, file, folder};
  try {
    const auto documents = YAML::LoadAll(std::string{text});
    if (documents.size() > 1)
      read.complain(documents[1], "a configuration is one document; remove the line \"---\" and what follows");
    else if (!documents.empty())
      read.document(documents.front());
  } catch (const YAML::Exception& error) {
    read.complain(error.mark, "no valid YAML: " + error.msg);
  }
  if (result.wrong.empty()) check_together(result, file);
  return result;
}

reading read_settings_file(const std::string& path, settings base) {
  const auto failed = [&](const std::string& text) { return reading{base, {{path, 0, 0, text}}}; };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return failed("is a folder; name a file with --config");
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return failed(std::string{"cannot be read: "} + std::strerror(errno) + "; check the path given with --config");
  std::string text(max_file_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > max_file_bytes) return failed("is larger than 1 MiB; that is no configuration");
  return read_settings(text, path, std::filesystem::path{path}.parent_path().string(), std::move(base));
}

std::string set_key(settings& values, std::string_view key, std::string_view text) {
  const auto* rule = find_rule(key);
  if (!rule) {
    const auto dot = std::min(key.find('.'), key.size());
    const std::string section{key.substr(0, dot)};
    const std::string word{dot < key.size() ? key.substr(dot + 1) : key};
    const bool known = !names_below(section).empty();
    return "unknown key \"" + std::string{key} + "\"" + advice(known ? section : "", known ? word : section);
  }
  if (rule->assign_map) return set_map(values, *rule, text);
  raw_value raw;
  raw.is_list = rule->takes.starts_with("list");
  for (size_t begin = 0; begin <= text.size() && !(raw.is_list && text.empty());) {
    const auto end = raw.is_list ? std::min(text.find(',', begin), text.size()) : text.size();
    raw.items.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return rule->assign(values, raw) ? "" : refusal(*rule, raw);
}

std::vector<key_info> keys() {
  std::vector<key_info> result;
  const settings initial;
  for (const auto& rule : rules()) result.push_back({rule.name, rule.takes, rule.show(initial), rule.meaning});
  return result;
}

} // namespace stibium::deploy
