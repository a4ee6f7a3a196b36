#include "actors/error.hpp"
#include "tests/transport/runtime/lab_fixture.hpp"
#include "transport/runtime/containerlab/containerlab.hpp"

#include <fstream>

using namespace stibium;
using namespace stibium::test;

namespace {

/// The runtime with a program that says it is containerlab, and no Docker.
struct clab_fixture : lab_fixture {
  clab_fixture() {
    std::ofstream{root / "clab"} << "#!/bin/sh\necho 'version: 0.79.0'\n";
    std::filesystem::permissions(root / "clab", std::filesystem::perms::owner_all);
  }
  void begin_with(const std::string& binary) {
    containerlab::options how;
    how.run_root = root;
    how.binary = binary;
    how.docker_host = "unix://" + (root / "no.sock").string();
    runtime = containerlab::spawn_containerlab_runtime(births, thread, how);
  }
  std::string why_not_ready() {
    const auto health = ask<runtime_health>(atom::health_v);
    REQUIRE(health);
    CHECK_FALSE(health.value->ready);
    return health.value->detail;
  }
};

} // namespace

TEST_CASE_FIXTURE(clab_fixture, "containerlab: without Docker the runtime lives and says why it is not ready") {
  begin_with(root / "clab");
  CHECK(why_not_ready().find("Docker cannot be reached") == 0);
  const auto where = place("ping-1", ping_topology);
  CHECK(command(lab_verb::deploy, where).error == ec::runtime_unavailable);
  CHECK_FALSE(std::filesystem::exists(where.folder));
  CHECK(command(lab_verb::destroy, where).error == ec::runtime_unavailable);
  CHECK(ask<instance_status>(atom::adopt_v, where, nodes.actor).error == ec::runtime_unavailable);
  const auto there = ask<std::vector<instance_status>>(atom::inspect_v);
  REQUIRE(there);
  CHECK(there.value->empty());
}

TEST_CASE_FIXTURE(clab_fixture, "containerlab: without containerlab too") {
  begin_with("/no/such/containerlab");
  CHECK(why_not_ready() == "containerlab cannot be run: /no/such/containerlab is no program");
}

TEST_CASE_FIXTURE(clab_fixture, "containerlab: what lies outside the run root, or is not there, is refused") {
  begin_with(root / "clab");
  auto elsewhere = place("ping-1", ping_topology);
  elsewhere.folder = "/tmp/elsewhere";
  CHECK(command(lab_verb::destroy, elsewhere).error == ec::invalid_request);
  const auto where = place("ping-1", ping_topology);
  CHECK(shell(where, "n1", attach()).error == ec::lab_not_running);
  CHECK(command(lab_verb::stop_node, where, "n1").error == ec::runtime_unavailable);
}
