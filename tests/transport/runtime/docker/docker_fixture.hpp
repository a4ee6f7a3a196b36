#pragma once

#include "tests/transport/runtime/lab_fixture.hpp"
#include "transport/runtime/docker/engine.hpp"

#include <optional>
#include <string>
#include <vector>

/// \file
/// Tests on a real Docker: the environment variable STIBIUM_TEST_DOCKER names it (a DOCKER_HOST), STIBIUM_TEST_IMAGE an
/// image with bash and procps. Without them they say that they are skipped.

namespace stibium::test {

struct docker_fixture : lab_fixture {
  docker_fixture();
  ~docker_fixture();

  /// False with a message when there is no Docker to test with.
  bool begin();

  struct container_plan {
    std::string script; ///< for bash
    bool tty = true;
    std::string user = {};
    std::string restart = "no";
    bool started = true;
  };
  /// Makes and starts a container; it is removed with the fixture. Answers its id.
  std::string make(const container_plan& plan);
  /// What a script prints in a container.
  std::string in(const std::string& container, const std::string& script);
  /// Waits until the script ends with 0 in the container; false after 20 s.
  bool until(const std::string& container, const std::string& script);

  docker::engine& engine() { return *engine_; }

private:
  std::optional<docker::engine> engine_;
  std::string image_;
  std::vector<std::string> made_;
};

} // namespace stibium::test
