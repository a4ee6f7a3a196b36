#pragma once

#include "actors/interfaces.hpp"
#include "transport/runtime/containerlab/events.hpp"
#include "transport/runtime/containerlab/heal.hpp"
#include "transport/runtime/docker/events.hpp"
#include "transport/runtime/shell_kinds.hpp"
#include "transport/runtime/ssh/ssh_channel.hpp"
#include "transport/runtime/terminal.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

/// \file
/// What the containerlab runtime and its helpers say to each other.

namespace stibium::containerlab {

/// A command has ended.
struct command_done {
  std::string instance;
  clab_outcome outcome;
};
/// A look at an instance, and its repair, have ended.
struct heal_done {
  std::string instance;
  heal_outcome outcome;
};
/// It is time to look at an instance.
struct check_due {
  std::string instance;
  uint64_t number = 0; ///< of the check; an older one is over
};
/// The stream of events has ended.
struct events_over {
  std::string why;
};
/// A look at everything.
struct survey {
  caf::error trouble; ///< why nothing can be done; none: ready
  std::string docker; ///< its version
  clab_version version;
  size_t others = 0; ///< labs on this machine that are not ours; only of a thorough look
  std::map<std::string, lab_seen> labs;
  std::map<std::string, lab_memory> memories;
  uint64_t begun = 0; ///< the runtime's count of changes when it began
};

/// The containerlab runtime as its helpers see it.
using clab_actor =
    runtime_actor::extend<caf::reacts_to<command_done>, caf::reacts_to<heal_done>, caf::reacts_to<check_due>,
                          caf::reacts_to<lab_event>, caf::reacts_to<events_over>, caf::reacts_to<survey>,
                          caf::reacts_to<std::vector<docker::container_event>>, caf::reacts_to<docker::events_state>,
                          caf::reacts_to<atom::tick>>;

/// What helpers are for. Each has a thread of its own, does one thing, and ends.
struct command_order {
  tools with;
  clab_task task;
  clab_actor boss;
};
struct heal_order {
  tools with;
  heal_task task;
  clab_actor boss;
};
struct survey_order {
  tools with;
  uint64_t begun = 0;
  bool thorough = false; ///< also whether containerlab can reach Docker
  clab_actor boss;
};
struct events_order {
  tools with;
  std::shared_ptr<const runtime::interrupter> stop;
  clab_actor boss;
};
using helper_actor = caf::typed_actor<caf::reacts_to<command_order>, caf::reacts_to<heal_order>,
                                      caf::reacts_to<survey_order>, caf::reacts_to<events_order>>;
helper_actor::behavior_type helper(helper_actor::pointer self);

/// Looks at Docker, containerlab and all labs; blocks.
survey look_around(tools with, uint64_t begun, bool thorough);

/// Opens a terminal's far side, then ends.
struct opening {
  io::io_thread* thread = nullptr;
  docker::endpoint where;
  runtime::shell_method how;
  std::string container, address;
  shell_size size;
  runtime::host_keys policy = runtime::host_keys::ignore;
  std::string known_hosts;
};
using opened_channel = std::shared_ptr<runtime::terminal_channel>;
using opener_actor = caf::typed_actor<caf::replies_to<opening>::with<opened_channel>>;
opener_actor::behavior_type opener(opener_actor::pointer self);

} // namespace stibium::containerlab

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::command_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::heal_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::check_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::events_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::lab_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::survey)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::command_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::heal_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::survey_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::events_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::opening)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::containerlab::opened_channel)
