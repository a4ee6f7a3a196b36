#pragma once

#include "transport/runtime/docker/engine.hpp"

namespace stibium::docker {

/// A program to run in a container, without input and terminal.
struct container_program {
  std::string container;
  std::vector<std::string> argv, env;
  std::string user;
};

/// As `engine::run`, but what has not ended at the deadline goes on.
caf::expected<run_result> run_unwatched(engine& docker, const container_program& what,
                                        std::chrono::milliseconds deadline);

} // namespace stibium::docker
