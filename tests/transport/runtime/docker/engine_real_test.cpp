#include "tests/transport/runtime/docker/docker_fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(docker_fixture, "docker: the life of a container, on a real engine") {
  if (!begin()) return;
  CHECK(engine().version()->api >= "1.41");
  const auto id = make({"trap 'exit 3' TERM; while :; do sleep 0.05; done"});
  const auto all = engine().list({"stibium-test=yes", "clab-node-name"});
  REQUIRE(all);
  const auto there = std::ranges::find(*all, id, &docker::container::id);
  REQUIRE(there != all->end());
  CHECK(there->labels.at("clab-node-name") == "n-1");
  CHECK(there->state == "running");
  CHECK(there->name.find('/') == std::string::npos);
  CHECK(engine().list({"stibium-test=no"})->empty());

  auto details = engine().inspect(there->name);
  REQUIRE(details);
  CHECK(details->id == id);
  CHECK(details->running);
  CHECK(details->tty);
  CHECK(details->pid > 0);
  const auto first_life = details->started_at;

  CHECK_FALSE(engine().start(id));
  CHECK_FALSE(engine().restart(id, 5s));
  CHECK(engine().inspect(id)->started_at != first_life);
  CHECK_FALSE(engine().stop(id, 5s));
  CHECK_FALSE(engine().stop(id, 5s));
  details = engine().inspect(id);
  CHECK_FALSE(details->running);
  CHECK(details->exit_code == 3);
  CHECK(engine().run(id, {"true"}, {}, 5s).error() == ec::node_not_running);
  CHECK_FALSE(engine().remove(id, false));
  CHECK(engine().inspect(id).error() == ec::node_not_found);
  CHECK(engine().remove(id, false) == ec::node_not_found);
  CHECK_FALSE(engine().remove_network("stibium-test-no-such-network"));
}

TEST_CASE_FIXTURE(docker_fixture, "docker: programs run in a container, on a real engine") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  auto ran = engine().run(id, {"bash", "-c", "echo $A; echo err >&2; exit 7"}, {"A=b c"}, 10s);
  REQUIRE(ran);
  CHECK(ran->exit_code == 7);
  CHECK(ran->output.find("b c\n") != std::string::npos);
  CHECK(ran->output.find("err\n") != std::string::npos);
  ran = engine().run(id, {"nosuchprogram"}, {}, 10s);
  CHECK(ran.error() == ec::runtime_failed);
  CHECK(message_of(ran.error()).find("nosuchprogram") != std::string::npos);
  ran = engine().run(id, {"bash", "-c", "head -c 1000000 /dev/zero"}, {}, 20s);
  REQUIRE(ran);
  CHECK(ran->output.size() == docker::max_run_output);
  CHECK(engine().run("nosuchcontainer", {"true"}, {}, 5s).error() == ec::node_not_found);
  CHECK(engine().remove(id, false) == ec::runtime_failed);
}

TEST_CASE_FIXTURE(docker_fixture, "docker: what does not end in time is ended with all its children") {
  if (!begin()) return;
  const auto id = make({"exec sleep 100000"});
  const auto ran =
      engine().run(id, {"bash", "-c", "trap '' TERM HUP; sleep 76501 & (setsid sleep 76502 &); sleep 76503"}, {}, 1s);
  CHECK(ran.error() == ec::deadline_passed);
  CHECK(in(id, "ps ax -o args | grep '[s]leep 765'") == "");
}
