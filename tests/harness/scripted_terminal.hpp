#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"

#include <string>
#include <vector>

namespace stibium::harness {

/// A terminal says something about its node.
struct terminal_said {
  std::string instance, node;
  std::vector<std::string> lines; ///< for the node's log
  bool die = false;               ///< the node ends
};

/// A terminal asks for log lines "NAME 1" to "NAME COUNT" at a rate.
struct produce_lines {
  std::string instance, node, name;
  uint64_t count = 0, next = 1;
  uint64_t per_second = 1000;
  time_point begun{};
};

/// The terminal's node is no more.
struct node_gone {
  std::string reason;
};

/// What terminals call.
using node_script_actor = caf::typed_actor<caf::reacts_to<terminal_said>, caf::reacts_to<produce_lines>>;

using scripted_terminal_actor = terminal_actor::extend<caf::reacts_to<node_gone>>;

/// A terminal as `scripted_runtime.hpp` describes it.
/// \param log_only what is typed goes to the node's log and is not echoed.
scripted_terminal_actor spawn_scripted_terminal(const nursery& births, const open_terminal& wanted,
                                                node_script_actor node, bool log_only);

} // namespace stibium::harness

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::terminal_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::produce_lines)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::node_gone)
