#pragma once

#include "deploy/config.hpp"
#include "deploy/config_kinds.hpp"

#include <functional>

namespace stibium::deploy {

/// A value as it stands in a file or on a command line, before its key says what it must be.
struct raw_value {
  bool is_list = false;
  std::vector<std::string> items; ///< exactly one unless it is a list
};

/// A key: how its value is read and printed.
struct key_rule {
  std::string name;    ///< "server.listen"
  std::string takes;   ///< what it takes, for people: "duration, 1s to 10m"
  std::string meaning; ///< one or two sentences
  /// Takes the value over; returns false, changing nothing, when it is not of the kind.
  std::function<bool(settings&, const raw_value&)> assign;
  std::function<std::string(const settings&)> show; ///< as YAML
  bool is_folder = false;                           ///< relative ones start at the configuration file
  /// Set for a key that holds keys: reads them all, and changes nothing when something is wrong.
  std::function<void(settings&, const YAML::Node&, const std::string& folder, const complain_at&)> assign_map{};
};

/// A text in double quotes, as YAML has it.
std::string quoted(const std::string& text);

/// All keys, in the order of the file.
const std::vector<key_rule>& rules();

/// The rule of a key, or null.
const key_rule* find_rule(std::string_view name);

/// What to say of a value that a rule refuses.
std::string refusal(const key_rule& rule, const raw_value& value);

} // namespace stibium::deploy
