#pragma once

#include "protocol/topology/problem.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stibium::topology {

/// A YAML value that knows where it stands, with aliases resolved.
struct yaml_value {
  enum class kind : unsigned char { null, scalar, sequence, map };
  kind type = kind::null;
  bool quoted = false;                                  ///< a scalar in quotes: never a number, a flag or null
  int line = 0, column = 0;                             ///< 1-based
  std::string text;                                     ///< of a scalar
  std::vector<yaml_value> items;                        ///< of a sequence
  std::vector<std::pair<yaml_value, yaml_value>> pairs; ///< of a map: key, value; keys are scalars, each there once

  // Not where the class is defined: a pair of its values is incomplete there, and clang would look into it.
  yaml_value();
  ~yaml_value();
  yaml_value(const yaml_value&);
  yaml_value(yaml_value&&) noexcept;
  yaml_value& operator=(const yaml_value&);
  yaml_value& operator=(yaml_value&&) noexcept;

  bool is_null() const { return type == kind::null; }
  bool is_scalar() const { return type == kind::scalar; }
  bool is_sequence() const { return type == kind::sequence; }
  bool is_map() const { return type == kind::map; }

  /// The value under a key of a map; null pointer when there is none.
  const yaml_value* find(std::string_view key) const;
};

/// Bounds for what one document may hold, aliases written out.
struct yaml_limits {
  size_t text_bytes = 1024 * 1024; ///< of the document as it came
  size_t values = 100000;
  size_t value_bytes = 4 * 1024 * 1024; ///< of all scalars together
  size_t depth = 32;
};

/// Reads one YAML document; an empty text is a null value. Refused with where and why: broken syntax, a second
/// document, keys that are there twice or are no scalars, aliases within their own anchor, anything past the limits.
/// Merge keys
/// (`<<`) are applied: what a map says itself wins. Never throws.
boost::system::result<yaml_value, problem> read_yaml(std::string_view text, const yaml_limits& limits = {});

/// "a map", "a list", "a text", "nothing": for messages.
const char* describe(const yaml_value& value);

/// Reads a scalar as a flag or a whole number as YAML 1.2 writes them; false when it is none (or out of range).
bool read_flag(const yaml_value& value, bool& into);
bool read_int(const yaml_value& value, int& into);

} // namespace stibium::topology
