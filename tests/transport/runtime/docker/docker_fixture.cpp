#include "tests/transport/runtime/docker/docker_fixture.hpp"

#include "protocol/socketio/json.hpp"

#include <cstdlib>
#include <thread>

namespace stibium::test {

using socketio::json_string;

namespace {

std::string environment(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

} // namespace

docker_fixture::docker_fixture() = default;

docker_fixture::~docker_fixture() {
  for (const auto& id : made_) engine_->remove(id, true);
}

bool docker_fixture::begin() {
  const auto host = environment("STIBIUM_TEST_DOCKER");
  image_ = environment("STIBIUM_TEST_IMAGE");
  if (host.empty() || image_.empty()) {
    MESSAGE("SKIPPED: STIBIUM_TEST_DOCKER and STIBIUM_TEST_IMAGE name no Docker to test with");
    return false;
  }
  const auto where = docker::parse_endpoint(host);
  REQUIRE(where);
  engine_.emplace(*where);
  const auto version = engine_->version();
  REQUIRE_MESSAGE(version, message_of(version.error()));
  return true;
}

std::string docker_fixture::make(const container_plan& plan) {
  const auto body = R"({"Image":)" + json_string(image_) + R"(,"Cmd":["bash","-c",)" + json_string(plan.script) +
                    R"(],"Tty":)" + (plan.tty ? "true" : "false") + R"(,"User":)" + json_string(plan.user) +
                    R"(,"Labels":{"stibium-test":"yes","clab-node-name":"n-1"},"HostConfig":{"NetworkMode":"none",)" +
                    R"("RestartPolicy":{"Name":)" + json_string(plan.restart) + "}}}";
  const auto made = engine_->call("POST", "/containers/create", body);
  REQUIRE_MESSAGE(made, message_of(made.error()));
  const auto at = made->find(R"("Id":")") + 6;
  auto id = made->substr(at, 64);
  made_.push_back(id);
  if (plan.started) REQUIRE_FALSE(engine_->start(id));
  return id;
}

std::string docker_fixture::in(const std::string& container, const std::string& script) {
  const auto ran = engine_->run(container, {"bash", "-c", script}, {}, std::chrono::seconds{20});
  return ran ? ran->output : message_of(ran.error());
}

bool docker_fixture::until(const std::string& container, const std::string& script) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (std::chrono::steady_clock::now() < end) {
    const auto ran = engine_->run(container, {"bash", "-c", script}, {}, std::chrono::seconds{20});
    if (ran && ran->exit_code == 0) return true;
  }
  return false;
}

} // namespace stibium::test
