#pragma once

#include "transport/runtime/commands.hpp"
#include "transport/runtime/terminal.hpp"

#include <caf/send.hpp>

#include <map>
#include <string>
#include <vector>

namespace stibium::runtime {

/// The terminals of an instance's nodes. A value of a runtime, on its thread.
class open_terminals {
public:
  void add(const std::string& node, closable_terminal_actor terminal) { all_[node].push_back(std::move(terminal)); }

  /// Closes those of a node, or of all nodes when its name is empty, and forgets them.
  void close(const std::string& node, const std::string& why) {
    for (auto& [name, terminals] : all_) {
      if (!node.empty() && name != node) continue;
      for (const auto& terminal : terminals) caf::anon_send(terminal, atom::close_v, why);
      terminals.clear();
    }
  }

  /// Closes those in what a command is about to end.
  void close_for(const runtime_command& what) {
    if (!is_node_command(what.verb))
      close("", what.verb == lab_verb::deploy ? "lab redeployed" : "lab destroyed");
    else if (what.verb != lab_verb::start_node)
      close(what.node, "node stopped");
  }

  /// Forgets one that has ended.
  void drop(const caf::actor_addr& who) {
    for (auto& [name, terminals] : all_)
      std::erase_if(terminals, [&](const auto& each) { return each.address() == who; });
  }

private:
  std::map<std::string, std::vector<closable_terminal_actor>> all_;
};

} // namespace stibium::runtime
