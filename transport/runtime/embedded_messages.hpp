#pragma once

#include "actors/interfaces.hpp"
#include "transport/runtime/lab_command.hpp"
#include "transport/runtime/pty.hpp"

#include <memory>
#include <string>

/// \file
/// What the embedded runtime and its helpers say to each other.

namespace stibium::runtime {

/// A command makes an instance, from now on; what was there under that name is gone.
struct instance_made {
  instance_record record;
};
/// Its nodes end from now on because they are told to.
struct instance_ending {
  std::string instance;
};
/// A node runs, or has ended.
struct node_started {
  std::string instance, node;
  node_process process;
};
struct node_ended {
  std::string instance, node;
  node_process process;
};
/// A command has ended.
struct command_ended {
  std::string instance;
  lab_outcome outcome;
};

/// The embedded runtime as its helpers see it.
using embedded_actor =
    runtime_actor::extend<caf::reacts_to<instance_made>, caf::reacts_to<instance_ending>, caf::reacts_to<node_started>,
                          caf::reacts_to<node_ended>, caf::reacts_to<command_ended>, caf::reacts_to<atom::tick>>;

/// What a worker is for: one command. The sender is told how it goes.
struct work_order {
  lab_command_task task; ///< its `reports` are the worker's
  embedded_actor boss;
};
/// Runs one command on a thread of its own, then ends.
using worker_actor = caf::typed_actor<caf::reacts_to<work_order>>;

/// Makes a terminal's program on CAF's pool, then ends.
struct opening {
  program what;
  shell_size size;
};
using opened_program = std::shared_ptr<pty_program>;
using opener_actor = caf::typed_actor<caf::replies_to<opening>::with<opened_program>>;

/// The functions of both.
worker_actor::behavior_type worker(worker_actor::pointer self);
opener_actor::behavior_type opener(opener_actor::pointer self);

/// The shell of a node, started inside it: bash, or sh where there is none.
program shell_program(const sandbox& box, const topology::node& node, process_id init);

} // namespace stibium::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::instance_made)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::instance_ending)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::node_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::node_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::command_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::work_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::opening)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::opened_program)
