#include "transport/runtime/containerlab/damper.hpp"
#include "transport/runtime/containerlab/docker_view.hpp"
#include "transport/runtime/containerlab/heal.hpp"
#include "transport/runtime/containerlab/interfaces.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <tuple>
#include <unistd.h>

using namespace stibium;
using namespace stibium::containerlab;

namespace {

node_seen node(const std::string& name, const std::string& state, const std::string& container = "c1",
               const std::string& started_at = "t1") {
  node_seen result;
  result.node = name;
  result.state = state;
  result.container_id = container;
  result.started_at = started_at;
  return result;
}

std::string diagnosis(const lab_memory& memory, const lab_seen& seen) {
  std::string text;
  for (const auto& each : diagnose(memory, seen)) text += each.node + ":" + to_string(each.what) + " ";
  return text;
}

const lab_memory right{{"n1", {"c1", "t1"}}};

} // namespace

TEST_CASE("containerlab: a node that is as it was has nothing") {
  CHECK(diagnosis(right, {{"n1", node("n1", "running")}}).empty());
  CHECK(diagnosis({}, {{"n1", node("n1", "exited")}}).empty());
}

TEST_CASE("containerlab: a node is wrong when it is gone, down, or in another life") {
  CHECK(diagnosis(right, {}) == "n1:removed ");
  CHECK(diagnosis(right, {{"n1", node("n1", "exited")}}) == "n1:down ");
  CHECK(diagnosis(right, {{"n1", node("n1", "running", "c1", "t2")}}) == "n1:restarted ");
  CHECK(diagnosis(right, {{"n1", node("n1", "running", "c2", "t1")}}) == "n1:restarted ");
}

TEST_CASE("containerlab: what is paused or about to start again is left alone") {
  CHECK(diagnosis(right, {{"n1", node("n1", "paused")}}).empty());
  CHECK(diagnosis(right, {{"n1", node("n1", "restarting", "c1", "t2")}}).empty());
}

TEST_CASE("containerlab: a node that a user has stopped stays so") {
  const lab_memory stopped{{"n1", {"c1", "t1", true, false}}};
  CHECK(diagnosis(stopped, {{"n1", node("n1", "exited")}}).empty());
  CHECK(diagnosis(stopped, {{"n1", node("n1", "running")}}) == "n1:restarted ");
  const auto again = remember({{"n1", node("n1", "exited", "c2")}, {"n2", node("n2", "exited")}}, stopped);
  CHECK(again.at("n1").stopped);
  CHECK(again.at("n1").container_id == "c2");
  CHECK_FALSE(again.at("n2").stopped);
  CHECK_FALSE(remember({{"n1", node("n1", "running")}}, stopped).at("n1").stopped);
}

TEST_CASE("containerlab: a link end that is not there is missing when the nodes at both ends run as they should") {
  const std::vector<lab_link> links{{{"n1", "eth1"}, {"n2", "eth1"}}, {{"n1", "eth2"}}};
  lab_memory memory{{"n1", {"c1", "t1"}}, {"n2", {"c1", "t1"}}};
  lab_seen seen{{"n1", node("n1", "running")}, {"n2", node("n2", "running")}};
  CHECK(missing_ends(links, memory, seen).empty()); // nobody knows
  seen["n1"].interfaces = {"lo", "eth1", "eth2"};
  seen["n2"].interfaces = {"lo", "eth1"};
  CHECK(missing_ends(links, memory, seen).empty());
  seen["n2"].interfaces = {"lo"};
  CHECK(missing_ends(links, memory, seen) == std::set<link_end>{{"n2", "eth1"}});
  seen["n1"].interfaces = {"lo"};
  CHECK(missing_ends(links, memory, seen).size() == 3);
  memory["n2"].stopped = true; // a repair that is not finished: it is stopped again
  CHECK(missing_ends(links, memory, seen) == std::set<link_end>{{"n1", "eth2"}});
  memory["n2"].stopped = false;
  seen["n2"].state = "exited";
  CHECK(missing_ends(links, memory, seen) == std::set<link_end>{{"n1", "eth2"}});
  seen["n1"].kind = "nokia_srlinux"; // moves its interfaces into a namespace of its own
  CHECK(missing_ends(links, memory, seen).empty());
  seen.erase("n1");
  CHECK(missing_ends(links, memory, seen).empty());
}

TEST_CASE("containerlab: interfaces are those of the process that belongs to the container") {
  CHECK(read_interface_names("Inter-|   Receive \n face |bytes\n    lo: 1 2\n  eth0: 3\na:b: 4\n: 5\neth9") ==
        std::set<std::string>{"lo", "eth0", "a:b"});
  CHECK(read_interface_names("").empty());
  CHECK_FALSE(interfaces_of(0, "c1"));
  CHECK_FALSE(interfaces_of(::getpid(), "0123456789abcdef"));
  CHECK_FALSE(interfaces_of(::getpid(), ""));
}

TEST_CASE("containerlab: what a stopped node has lost is remembered until it starts") {
  lab_memory memory{{"n1", {"c1", "t1", true, true}}};
  CHECK(remember({{"n1", node("n1", "exited")}}, memory).at("n1").relink);
  CHECK_FALSE(remember({{"n1", node("n1", "running")}}, memory).at("n1").relink);
  CHECK(read_memory(to_json(memory))->at("n1").relink);
  CHECK(read_memory(to_json(memory))->at("n1").doing.empty());
  CHECK(read_memory(to_json({{"n1", {"c1", "t1", false, false, "restart"}}}))->at("n1").doing == "restart");
  remember_node(memory, {{"n1", node("n1", "exited")}}, "n1", true);
  CHECK(memory.at("n1").relink);
  remember_node(memory, {{"n1", node("n1", "running")}}, "n1", false);
  CHECK_FALSE(memory.at("n1").relink);
}

TEST_CASE("containerlab: an unfinished command leaves a node that runs without links, or one that is stopped") {
  const auto after = [](const std::string& doing, const std::string& state, bool stopped = false) {
    const lab_memory memory{{"n1", {"c1", "t1", stopped, false, doing}}};
    CHECK(is_unsettled(memory) == !doing.empty());
    auto result = settle(memory, {{"n1", node("n1", state)}});
    CHECK_FALSE(is_unsettled(result.memory));
    return std::tuple{result.links_lost, result.memory.at("n1").stopped, result.memory.at("n1").relink};
  };
  CHECK(after("", "running") == std::tuple{false, false, false});
  CHECK(after("", "exited") == std::tuple{false, false, false});
  CHECK(after("stop", "running") == std::tuple{true, false, false});
  CHECK(after("restart", "running") == std::tuple{true, false, false});
  CHECK(after("start", "running", true) == std::tuple{true, true, false});
  CHECK(after("stop", "exited") == std::tuple{false, true, true});
  CHECK(after("start", "exited", true) == std::tuple{false, true, true});
  CHECK(after("restart", "exited") == std::tuple{false, false, false});
  CHECK(settle({{"n1", {"c1", "t1", false, false, "stop"}}}, {}).memory.at("n1").doing.empty());
}

TEST_CASE("containerlab: Docker may still stop what runs and was told to stop") {
  const auto may = [](const std::string& doing, const std::string& state) {
    return may_still_stop({{"n1", {"c1", "t1", false, false, doing}}}, {{"n1", node("n1", state)}});
  };
  CHECK(may("stop", "running"));
  CHECK(may("restart", "running"));
  CHECK_FALSE(may("start", "running"));
  CHECK_FALSE(may("stop", "exited"));
  CHECK_FALSE(may("", "running"));
}

TEST_CASE("containerlab: one node's command changes the memory of that node only") {
  lab_memory memory{{"n1", {"c1", "t1"}}, {"n2", {"c2", "t1"}}};
  remember_node(memory, {{"n1", node("n1", "exited", "c1", "t9")}, {"n2", node("n2", "running", "c2", "t9")}}, "n1",
                true);
  CHECK(memory.at("n1").stopped);
  CHECK(memory.at("n1").started_at == "t9");
  CHECK(memory.at("n2").started_at == "t1");
  remember_node(memory, {}, "n2", true);
  CHECK_FALSE(memory.at("n2").stopped);
}

TEST_CASE("containerlab: the memory survives in a file") {
  char folder[] = "/tmp/stibium-clab-XXXXXX";
  REQUIRE(::mkdtemp(folder));
  const instance_files where{folder, "a-1"};
  CHECK(load_memory(where).empty());
  const lab_memory memory{{"n\"1", {"c1", "2026-11-24T02:31:03.7Z", true, false}}, {"n2", {"c2", ""}}};
  REQUIRE(save_memory(where, memory));
  const auto read = load_memory(where);
  CHECK(to_json(read) == to_json(memory));
  CHECK(read.at("n\"1").stopped);
  CHECK_FALSE(read_memory("[]").has_value());
  CHECK_FALSE(read_memory("{\"a\":1}").has_value());
  CHECK_FALSE(save_memory({"/nowhere", "a"}, memory));
  std::filesystem::remove_all(folder);
}

TEST_CASE("containerlab: states as clients see them") {
  CHECK(node("n", "running").info().state == node_state::running);
  CHECK(node("n", "created").info().state == node_state::starting);
  for (const auto* state : {"exited", "paused", "restarting", "dead", "removed", ""})
    CHECK(node("n", state).info().state == node_state::exited);
}

TEST_CASE("containerlab: only instances below the run root are ours") {
  CHECK(is_ours("/data/run/id/a-1.clab.yml", "a-1", "/data/run"));
  CHECK_FALSE(is_ours("/data/run/id/a-1.clab.yml", "a-2", "/data/run"));
  CHECK_FALSE(is_ours("/data/run/a-1.clab.yml", "a-1", "/data/run"));
  CHECK_FALSE(is_ours("/data/run/x/id/a-1.clab.yml", "a-1", "/data/run"));
  CHECK_FALSE(is_ours("/data/run2/id/a-1.clab.yml", "a-1", "/data/run"));
  CHECK_FALSE(is_ours("/home/me/a-1.clab.yml", "a-1", "/data/run"));
  CHECK_FALSE(is_ours("", "", ""));
}

TEST_CASE("containerlab: repairs come later and later, then no more for a while") {
  damper patience;
  damper::time now{std::chrono::hours{1}};
  auto last = patience.pause(now);
  REQUIRE(last);
  CHECK(*last == damper::first_pause);
  for (size_t i = 0; i + 1 < damper::max_tries; ++i) {
    patience.tried(now);
    const auto next = patience.pause(now);
    REQUIRE(next);
    CHECK(*next >= *last);
    last = next;
  }
  CHECK(*last > std::chrono::seconds{10});
  patience.tried(now);
  CHECK_FALSE(patience.pause(now));
  CHECK(patience.pause(now + damper::window + std::chrono::seconds{1}) == damper::first_pause);
  patience.tried(now + damper::window);
  patience.reset();
  CHECK(patience.pause(now) == damper::first_pause);
}

TEST_CASE("containerlab: a repair names the node and its peers") {
  const auto plan = topology::read_topology(R"(
name: a
topology:
  defaults: {kind: linux}
  nodes: {a: {}, b-c: {}, d: {}}
  links:
    - endpoints: ["a:eth1", "b-c:eth1"]
    - endpoints: ["d:eth1", "a:eth2"]
)");
  REQUIRE(plan.value);
  CHECK(peers_of(*plan.value, "a") == std::set<std::string>{"b-c", "d"});
  CHECK(peers_of(*plan.value, "d") == std::set<std::string>{"a"});
  CHECK(peers_of(*plan.value, "x").empty());
  CHECK(describe_repair({"a", ailment::restarted}, {"b", "d"}) ==
        "node a is repaired: it had restarted without its links; links to b, d and addresses are back");
  CHECK(describe_repair({"a", ailment::down}, {}) == "node a is repaired: it had been killed; it is started again");
}
