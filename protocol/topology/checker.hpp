#pragma once

#include "protocol/topology/problem.hpp"
#include "protocol/topology/yaml_value.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::topology {

/// Reads fields of maps and collects what is wrong with them, each problem once. What is wrong leaves its target as it
/// was.
class checker {
public:
  std::vector<problem> errors, warnings;

  void error(const yaml_value& where, std::string message);
  void warning(const yaml_value& where, std::string message);
  /// About the file as a whole.
  void error(std::string message);

  /// Each returns whether the field is there and right; a null value counts as absent. Scalars of any kind are texts.
  bool text(const yaml_value& map, std::string_view key, std::string& into);
  bool number(const yaml_value& map, std::string_view key, int least, int most, int& into);
  bool flag(const yaml_value& map, std::string_view key, bool& into);
  bool texts(const yaml_value& map, std::string_view key, std::vector<std::string>& into);
  bool text_map(const yaml_value& map, std::string_view key, std::map<std::string, std::string>& into);

  /// The map under a key; null when it is absent, null or (an error) something else.
  const yaml_value* map(const yaml_value& in, std::string_view key);

  /// Warns of keys that are not among the known ones. `where` names the map for people: "topology", "node n1".
  void unknown_keys(const yaml_value& map, std::span<const std::string_view> known, std::string_view where);
};

} // namespace stibium::topology
