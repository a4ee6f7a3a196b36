#include "deploy/config_kinds.hpp"

#include "deploy/config_keys.hpp"
#include "deploy/config_values.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

namespace stibium::deploy {

namespace {

constexpr const char* key_name = "shell.kinds";

bool is_kind_name(const std::string& text) {
  constexpr auto allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !text.empty() && text.size() <= 64 && text.find_first_not_of(allowed) == std::string::npos;
}

// Texts go into command lines and logins: they are one line.
bool is_line(const std::string& text) {
  return !text.empty() && text.size() <= max_kind_text &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 127; });
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// Reads the fields of one kind.
class kind_reader {
public:
  kind_reader(std::string place, const std::string& folder, const complain_at& complain)
      : place_(std::move(place))
      , folder_(folder)
      , complain_(complain) {}

  shell_kind read(const YAML::Node& map) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const auto name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const auto field =
          std::find_if(std::begin(fields), std::end(fields), [&](auto& each) { return each.name == name; });
      if (field == std::end(fields))
        unknown(entry.first, name);
      else if (!seen.insert(name).second)
        complain_(entry.first, "\"" + place_ + "." + name + "\" stands here twice; keep one");
      else if (!(this->*field->take)(entry.second))
        complain_(entry.second, place_ + "." + name + " takes: " + field->takes);
    }
    if (kind_.method == "exec")
      for (const char* each : {"password", "key", "port"})
        if (seen.contains(each)) complain_(map, place_ + ": " + each + " goes with the method ssh, not with exec");
    return std::move(kind_);
  }

private:
  struct field {
    std::string name, takes;
    bool (kind_reader::*take)(const YAML::Node&);
  };
  static const field fields[6];

  void unknown(const YAML::Node& where, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& each : fields) names.push_back(each.name);
    const auto close = nearest(name, names);
    complain_(where, "unknown key \"" + place_ + "." + name + "\"" +
                         (close.empty() ? "; there are: method, command, user, password, key, port"
                                        : "; did you mean \"" + close + "\"?"));
  }

  bool line(const YAML::Node& value, std::string& into) {
    if (!value.IsScalar() || !is_line(value.Scalar())) return false;
    into = value.Scalar();
    return true;
  }

  bool method(const YAML::Node& value) {
    return line(value, kind_.method) && (kind_.method == "exec" || kind_.method == "ssh");
  }
  bool user(const YAML::Node& value) { return line(value, kind_.user); }
  bool password(const YAML::Node& value) { return line(value, kind_.password); }
  bool key(const YAML::Node& value) {
    if (!line(value, kind_.key)) return false;
    kind_.key = (std::filesystem::path{folder_} / kind_.key).lexically_normal().string();
    return true;
  }
  bool port(const YAML::Node& value) {
    const auto number = value.IsScalar() ? parse_number(value.Scalar()) : std::nullopt;
    if (!number || *number < 1 || *number > 65535) return false;
    kind_.port = static_cast<uint16_t>(*number);
    return true;
  }
  bool command(const YAML::Node& value) {
    if (value.IsScalar()) {
      // What quotes would mean is nobody's guess: words with blanks are written as a list.
      if (!is_line(value.Scalar()) || value.Scalar().find_first_of("'\"\\") != std::string::npos) return false;
      kind_.command = words_of(value.Scalar());
    } else if (value.IsSequence()) {
      for (const auto& word : value) {
        if (!word.IsScalar() || !is_line(word.Scalar())) return false;
        kind_.command.push_back(word.Scalar());
      }
    }
    return !kind_.command.empty() && kind_.command.size() <= max_command_words;
  }

  std::string place_;
  const std::string& folder_;
  const complain_at& complain_;
  shell_kind kind_;
};

const kind_reader::field kind_reader::fields[6] = {
    {"method", "exec or ssh", &kind_reader::method},
    {"command", "a program with its arguments: a list, or a line without quotes", &kind_reader::command},
    {"user", "a name", &kind_reader::user},
    {"password", "a line of text", &kind_reader::password},
    {"key", "a file that holds a private key without passphrase", &kind_reader::key},
    {"port", "number, 1 to 65535", &kind_reader::port},
};

} // namespace

shell_kind_map read_kinds(const YAML::Node& map, const std::string& folder, const complain_at& complain) {
  shell_kind_map result;
  for (const auto& entry : map) {
    const auto name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    const auto place = std::string{key_name} + "." + name;
    if (!is_kind_name(name))
      complain(entry.first,
               std::string{key_name} + ": the name of a kind is made of letters, digits, \".\", \"_\", \"-\"");
    else if (result.contains(name))
      complain(entry.first, "\"" + place + "\" stands here twice; keep one");
    else if (!entry.second.IsMap() || entry.second.size() == 0)
      complain(entry.second, place + " must hold keys: method, command, user, password, key, port");
    else
      result[name] = kind_reader{place, folder, complain}.read(entry.second);
  }
  if (result.size() > max_kinds)
    complain(map, std::string{key_name} + " holds more than " + std::to_string(max_kinds) + " kinds");
  return result;
}

std::string kinds_text(const shell_kind_map& kinds) {
  std::string all;
  for (const auto& [name, kind] : kinds) {
    std::string one, words;
    const auto add = [&one](const char* key, const std::string& value) {
      one += (one.empty() ? "" : ", ") + std::string{key} + ": " + value;
    };
    for (const auto& word : kind.command) words += (words.empty() ? "" : ", ") + quoted(word);
    if (!kind.method.empty()) add("method", kind.method);
    if (!words.empty()) add("command", "[" + words + "]");
    if (!kind.user.empty()) add("user", quoted(kind.user));
    if (!kind.password.empty()) add("password", quoted(kind.password));
    if (!kind.key.empty()) add("key", quoted(kind.key));
    if (kind.port != 0) add("port", std::to_string(kind.port));
    all += (all.empty() ? "" : ", ") + quoted(name) + ": {" + one + "}";
  }
  return "{" + all + "}";
}

} // namespace stibium::deploy
