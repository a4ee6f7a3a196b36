#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace stibium::harness {

/// The labels `script.*` of one node, without that prefix.
struct node_script {
  std::string name, kind;
  std::map<std::string, std::string> labels;

  bool has(const std::string& key) const { return labels.count(key) > 0; }
  /// The label's text, or an empty one.
  std::string text(const std::string& key) const;
  /// The label's number, or 0.
  uint64_t number(const std::string& key) const;
  /// The label's number as milliseconds, or 0.
  std::chrono::milliseconds delay(const std::string& key) const { return std::chrono::milliseconds(number(key)); }
};

/// The nodes of a topology in the order of the text. Throws what yaml-cpp throws for a text that is no topology.
std::vector<node_script> read_scripts(const std::string& topology);

/// The one script for a command: the first node that has any label `VERB.*`, or else an empty one.
node_script script_for(const std::vector<node_script>& nodes, const std::string& verb);

} // namespace stibium::harness
