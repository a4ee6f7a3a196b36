#include "transport/runtime/containerlab/events.hpp"
#include "transport/runtime/containerlab/inspect.hpp"

#include <doctest/doctest.h>

using namespace stibium::containerlab;

namespace {

std::string container(const std::string& action, const std::string& more = "") {
  return R"({"timestamp":"2026-11-24T02:31:01.6Z","type":"container","action":")" + action +
         R"(","actor_id":"b9de40758af3","actor_name":"clab-my-lab-n-2","actor_full_id":"b9de40758af31975","attributes":{)" +
         R"("clab-node-kind":"linux","clab-node-name":"n-2","clab-topo-file":"/run/lab/my-lab.clab.yml",)" + more +
         R"("containerlab":"my-lab","name":"clab-my-lab-n-2"}})";
}

} // namespace

TEST_CASE("containerlab: events name lab and node by label") {
  const auto died = read_event(container("die", R"("exitCode":"137",)"));
  REQUIRE(died);
  CHECK(died->what == happening::died);
  CHECK(died->lab == "my-lab");
  CHECK(died->node == "n-2");
  CHECK(died->topology == "/run/lab/my-lab.clab.yml");
  CHECK(died->kind == "linux");
  CHECK(died->container_id == "b9de40758af31975");
  CHECK(died->container_name == "clab-my-lab-n-2");
  CHECK(died->exit_code == "137");
  const auto killed = read_event(container("kill", R"("signal":"9",)"));
  REQUIRE(killed);
  CHECK(killed->signal == "9");
}

TEST_CASE("containerlab: every action that changes a node is known, the others are not") {
  const std::pair<const char*, happening> known[] = {
      {"running", happening::present}, {"create", happening::created},   {"start", happening::started},
      {"die", happening::died},        {"stop", happening::stopped},     {"kill", happening::killed},
      {"pause", happening::paused},    {"unpause", happening::unpaused}, {"destroy", happening::removed}};
  for (const auto& [action, what] : known) {
    const auto event = read_event(container(action));
    REQUIRE(event);
    CHECK(event->what == what);
  }
  for (const auto* action : {"exec_create: ip addr", "exec_start: die", "exec_die", "attach", "resize", ""})
    CHECK_FALSE(read_event(container(action)));
}

TEST_CASE("containerlab: an interface that comes or goes is an event of its container") {
  const std::string interface =
      R"({"type":"interface","action":"ACTION","actor_full_id":"b9de","actor_name":"clab-ping-n2",)"
      R"("attributes":{"ifname":"eth1","lab":"ping","state":"down"}})";
  auto deleted = interface;
  deleted.replace(deleted.find("ACTION"), 6, "delete");
  const auto event = read_event(deleted);
  REQUIRE(event);
  CHECK(event->what == happening::link_lost);
  CHECK(event->lab == "ping");
  CHECK(event->container_id == "b9de");
  CHECK(event->interface == "eth1");
  CHECK_FALSE(read_event(interface));
  for (const auto* action : {"create", "update", "snapshot"}) {
    auto there = interface;
    there.replace(there.find("ACTION"), 6, action);
    REQUIRE(read_event(there));
    CHECK(read_event(there)->what == happening::link_there);
  }
}

TEST_CASE("containerlab: what is no event of a lab is passed over") {
  CHECK_FALSE(read_event(""));
  CHECK_FALSE(read_event("{"));
  CHECK_FALSE(read_event("[]"));
  CHECK_FALSE(read_event(R"({"type":"container","action":"die"})"));
  CHECK_FALSE(read_event(R"({"type":"container","action":"die","actor_full_id":"a","attributes":{"name":"web"}})"));
  CHECK_FALSE(read_event(R"({"type":7,"action":"die","attributes":[]})"));
  CHECK_FALSE(read_event(std::string(100'000, '[')));
}

TEST_CASE("containerlab: inspect") {
  const auto nodes = read_inspect(R"({"ping":[{"lab_name":"ping","absLabPath":"/r/ping.clab.yml","name":"clab-ping-n1",
    "container_id":"d82f34b4cc04","image":"i","kind":"linux","state":"running","status":"Up","ipv4_address":"172.20.20.2/24",
    "ipv6_address":"3fff:172:20:20::2/64"},{"name":"x","ipv4_address":"N/A","state":7}]})");
  REQUIRE(nodes.engaged());
  REQUIRE(nodes->size() == 2);
  CHECK(nodes->front().ipv4 == "172.20.20.2");
  CHECK(nodes->front().ipv6 == "3fff:172:20:20::2");
  CHECK(nodes->front().topology == "/r/ping.clab.yml");
  CHECK(nodes->back().lab == "ping");
  CHECK(nodes->back().ipv4.empty());
  CHECK(nodes->back().state.empty());
  CHECK(read_inspect("{}")->empty());
  const auto older = read_inspect(R"({"containers":[{"lab_name":"a","name":"n"}]})");
  REQUIRE(older.engaged());
  CHECK(older->front().lab == "a");
  CHECK_FALSE(read_inspect("").engaged());
  CHECK_FALSE(read_inspect("[]").engaged());
}
