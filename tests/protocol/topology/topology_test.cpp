#include "protocol/topology/topology.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace stibium::topology;

namespace {

std::string first_error(const std::string& text) {
  const auto got = read_topology(text);
  if (got.errors.empty()) return "accepted";
  return to_string(got.errors.front());
}

// A topology of two linux nodes with these links (indented by four).
std::string with_links(const std::string& links) {
  return "name: t\ntopology:\n  nodes:\n    a: {kind: linux}\n    b: {kind: linux}\n  links:\n" + links;
}

} // namespace

TEST_CASE("topology: an ordinary file") {
  const auto got = read_topology(R"(name: ping
prefix: ""
mgmt:
  network: mg
  ipv4-subnet: 172.20.20.0/24
  mtu: 1450
topology:
  nodes:
    n1:
      kind: linux
      image: alpine:3
      cmd: sleep infinity
      env: {A: 1, B: "two", C: }
      exec:
        - ip addr add 10.0.0.1/24 dev eth1
      binds: [a.conf:/etc/a.conf:ro]
      ports: ["8080:80"]
      labels: {x: y}
      mgmt-ipv4: 172.20.20.5
      startup-config: cfg
      memory: 1GB
    n2: {kind: linux}
  links:
    - endpoints: ["n1:eth1", "n2:eth1"]
      mtu: 9000
)");
  for (const auto& each : got.errors) FAIL(to_string(each));
  REQUIRE(got.value);
  CHECK(got.warnings.empty());
  CHECK(got.value->name == "ping");
  CHECK(got.value->prefix == "");
  CHECK(got.value->mgmt.network == "mg");
  CHECK(got.value->mgmt.ipv4_subnet == "172.20.20.0/24");
  CHECK(got.value->mgmt.mtu == 1450);
  REQUIRE(got.value->nodes.size() == 2);
  const auto& n1 = got.value->nodes[0];
  CHECK(n1.name == "n1");
  CHECK(n1.line == 9);
  CHECK(n1.image == "alpine:3");
  CHECK(n1.cmd == "sleep infinity");
  CHECK(n1.env == std::map<std::string, std::string>{{"A", "1"}, {"B", "two"}, {"C", ""}});
  CHECK(n1.exec == std::vector<std::string>{"ip addr add 10.0.0.1/24 dev eth1"});
  CHECK(n1.binds == std::vector<std::string>{"a.conf:/etc/a.conf:ro"});
  CHECK(n1.ports == std::vector<std::string>{"8080:80"});
  CHECK(n1.labels.at("x") == "y");
  CHECK(n1.mgmt_ipv4 == "172.20.20.5");
  CHECK(n1.startup_config == "cfg");
  CHECK(n1.others.at("memory") == "1GB");
  REQUIRE(got.value->links.size() == 1);
  const auto& link = got.value->links[0];
  CHECK(link.type == link_type::veth);
  CHECK(link.mtu == 9000);
  CHECK(link.line == 24);
  REQUIRE(link.ends.size() == 2);
  CHECK(link.ends[0].node == "n1");
  CHECK(link.ends[1].interface == "eth1");
  CHECK(got.value->find_node("n2") == &got.value->nodes[1]);
  CHECK(got.value->find_node("n3") == nullptr);
}

TEST_CASE("topology: defaults, kinds and groups are inherited, the node wins") {
  const auto got = read_topology(R"(name: t
topology:
  defaults:
    kind: linux
    image: d
    cmd: from-defaults
    env: {A: d, B: d, C: d, D: d}
    exec: [d]
    binds: ["/d:/x", "/d:/y"]
    ports: [d]
  kinds:
    linux: {image: k, env: {B: k, C: k, D: k}, exec: [k]}
    bridge: {image: wrong}
    srl: {image: s}
  groups:
    g: {env: {C: g, D: g}, exec: [g], binds: ["/g:/y:ro"]}
    other: {kind: srl}
  nodes:
    n1: {group: g, env: {D: n}, exec: [n], ports: [n]}
    n2: {group: other}
    n3: {group: unheard-of}
    n4:
)");
  for (const auto& each : got.errors) FAIL(to_string(each));
  REQUIRE(got.value);
  const auto& n1 = *got.value->find_node("n1");
  CHECK(n1.kind == "linux");
  CHECK(n1.image == "k");
  CHECK(n1.cmd == "from-defaults");
  CHECK(n1.env == std::map<std::string, std::string>{{"A", "d"}, {"B", "k"}, {"C", "g"}, {"D", "n"}});
  CHECK(n1.exec == std::vector<std::string>{"d", "k", "g", "n"});
  CHECK(n1.binds == std::vector<std::string>{"/d:/x", "/g:/y:ro"});
  CHECK(n1.ports == std::vector<std::string>{"n"});
  CHECK(got.value->find_node("n2")->kind == "srl");
  CHECK(got.value->find_node("n2")->image == "s");
  CHECK(got.value->find_node("n3")->group == "unheard-of");
  CHECK(got.value->find_node("n4")->kind == "linux");
}

TEST_CASE("topology: all forms of links") {
  const auto got = read_topology(with_links(R"(    - endpoints: ["a:eth1", "host:a-eth1"]
    - endpoints: ["mgmt-net:a-mgmt", "a:eth2"]
    - endpoints: ["a:eth3", "macvlan:eno1"]
    - {type: veth, mtu: 1400, endpoints: [{node: a, interface: eth4, mac: "02:00:00:00:00:01"}, {node: b, interface: eth4}]}
    - {type: host, endpoint: {node: b, interface: eth5}, host-interface: b-eth5}
    - {type: mgmt-net, endpoint: {node: b, interface: eth6}}
    - {type: macvlan, endpoint: {node: b, interface: eth7}, host-interface: eno1, mode: bridge}
    - {type: dummy, endpoint: "b:eth8"}
    - {type: vxlan, endpoint: {node: b, interface: eth9}, remote: 10.0.0.1, vni: 5}
    - {endpoints: ["a:eth10", "a:eth11"], ipv4: [10.0.0.1/24, 10.0.0.2/24]}
)"));
  for (const auto& each : got.errors) FAIL(to_string(each));
  REQUIRE(got.value);
  CHECK(got.warnings.empty());
  const auto& links = got.value->links;
  REQUIRE(links.size() == 10);
  CHECK(links[0].type == link_type::host);
  CHECK(links[0].host_interface == "a-eth1");
  CHECK(links[0].ends.size() == 1);
  CHECK(links[1].type == link_type::mgmt_net);
  CHECK(links[1].ends[0].interface == "eth2");
  CHECK(links[2].type == link_type::macvlan);
  CHECK(links[2].host_interface == "eno1");
  CHECK(links[3].mtu == 1400);
  CHECK(links[3].ends[0].mac == "02:00:00:00:00:01");
  CHECK(links[4].host_interface == "b-eth5");
  CHECK(links[6].mode == "bridge");
  CHECK(links[7].type == link_type::dummy);
  CHECK(links[8].type == link_type::vxlan);
  CHECK(links[9].ends[1].ipv4 == "10.0.0.2/24");
}

TEST_CASE("topology: what is unknown or doubtful is told, and the file works all the same") {
  const auto got =
      read_topology("nmae: x\nname: t\ntopology:\n  nodes:\n    a: {kind: linux, comand: x}\n    b: {kind: "
                    "linux}\n  links:\n    - endpoints: [\"a:eth0\", \"b:eth1\"]\n      colour: red\n");
  REQUIRE(got.value);
  REQUIRE(got.warnings.size() == 4);
  CHECK(to_string(got.warnings[0]) == "line 1, column 1: unknown key \"nmae\" in the file is ignored");
  CHECK(to_string(got.warnings[1]) == "line 5, column 22: unknown key \"comand\" in node a is ignored");
  CHECK(got.warnings[2].message.find("eth0 of a is its management interface") == 0);
  CHECK(got.warnings[3].message == "unknown key \"colour\" in a link is ignored");
}

TEST_CASE("topology: interface names are as free as the node's kind allows") {
  CHECK(first_error("name: t\ntopology:\n  nodes:\n    a: {kind: nokia_srlinux}\n    b: {kind: cisco_xrd}\n  links:\n"
                    "    - endpoints: [\"a:ethernet-1/1\", \"b:GigabitEthernet0/0/0/0\"]\n") == "accepted");
  CHECK(first_error(with_links("    - endpoints: [\"a:ethernet-1/1\", \"b:eth1\"]\n")).find("line 7") == 0);
  CHECK(is_linux_interface_name("123456789012345"));
  CHECK_FALSE(is_linux_interface_name("1234567890123456"));
  CHECK_FALSE(is_linux_interface_name(""));
  CHECK_FALSE(is_linux_interface_name(".."));
  CHECK_FALSE(is_linux_interface_name("a b"));
}

TEST_CASE("topology: whatever is wrong is told with its place and what to do") {
  const std::string nodes = "name: t\ntopology:\n  nodes:\n";
  const struct {
    std::string text, says;
  } cases[] = {
      {"", "the file holds nothing"},
      {"- a\n", "the file holds a list"},
      {"hello", "the file holds a text"},
      {"name: [", "line 1"},
      {"name: t\n\ttopology: x\n", "line 2"},
      {"name: t\nname: u\n", "line 2, column 1: key \"name\" is there twice"},
      {"? [a]\n: b\n", "line 1, column 3: a key must be a text"},
      {"name: t\n---\nname: u\n", "line 2, column 1: a second document"},
      {"topology:\n  nodes:\n    a: {kind: linux}\n", "line 1, column 1: name is missing"},
      {"name:\ntopology:\n  nodes:\n    a: {kind: linux}\n", "name is missing"},
      {"name: {a: b}\ntopology: {nodes: {a: {kind: linux}}}\n", "line 1, column 7: name must be a text, not a map"},
      {"name: a/b\ntopology: {nodes: {a: {kind: linux}}}\n", "line 1, column 7: \"a/b\" cannot be a lab's name"},
      {"name: -x\ntopology: {nodes: {a: {kind: linux}}}\n", "cannot be a lab's name"},
      {"name: " + std::string(65, 'x') + "\ntopology: {nodes: {a: {kind: linux}}}\n", "cannot be a lab's name"},
      {"name: t\n", "topology is missing"},
      {"name: t\ntopology:\n", "topology is missing"},
      {"name: t\ntopology: []\n", "line 2, column 11: topology must be a map, not a list"},
      {"name: t\ntopology: {}\n", "there are no nodes"},
      {"name: t\ntopology:\n  nodes:\n", "there are no nodes"},
      {"name: t\ntopology:\n  nodes: {}\n", "there are no nodes"},
      {"name: t\ntopology:\n  nodes: [a]\n", "line 3, column 10: nodes must be a map, not a list"},
      {"name: t\nmgmt: x\ntopology: {nodes: {a: {kind: linux}}}\n", "line 2, column 7: mgmt must be a map"},
      {"name: t\nmgmt: {mtu: 1}\ntopology: {nodes: {a: {kind: linux}}}\n",
       "line 2, column 13: mtu must be a whole number"},
      {nodes + "    a:\n", "line 4, column 5: node \"a\" has no kind"},
      {nodes + "    a: {kind: }\n", "node \"a\" has no kind"},
      {nodes + "    a: {kind: \"\"}\n", "node \"a\" has no kind"},
      {nodes + "    a: {kind: [linux]}\n", "line 4, column 15: kind must be a text, not a list"},
      {nodes + "    a: linux\n", "line 4, column 8: node a must be a map, not a text"},
      {nodes + "    a b: {kind: linux}\n", "\"a b\" cannot be a node's name"},
      {nodes + "    -a: {kind: linux}\n", "cannot be a node's name"},
      {nodes + "    ../x: {kind: linux}\n", "cannot be a node's name"},
      {nodes + "    \"\": {kind: linux}\n", "cannot be a node's name"},
      {nodes + "    " + std::string(64, 'n') + ": {kind: linux}\n", "cannot be a node's name"},
      {nodes + "    host: {kind: linux}\n", "\"host\" cannot be a node's name: in links"},
      {nodes + "    a: {kind: linux}\n    a: {kind: linux}\n", "line 5, column 5: key \"a\" is there twice"},
      {nodes + "    a: {kind: linux, exec: ls}\n", "exec must be a list of texts, not a text"},
      {nodes + "    a: {kind: linux, exec: [{a: b}]}\n", "an entry of exec must be a text, not a map"},
      {nodes + "    a: {kind: linux, exec: [~]}\n", "an entry of exec must be a text, not nothing"},
      {nodes + "    a: {kind: linux, env: [A=1]}\n", "env must be a map, not a list"},
      {nodes + "    a: {kind: linux, env: {A: [1]}}\n", "A in env must be a text, not a list"},
      {nodes + "    a: {kind: linux, cmd: [sh]}\n", "cmd must be a text, not a list"},
      {nodes + "    a: {kind: linux, binds: {a: b}}\n", "binds must be a list of texts, not a map"},
      {"name: t\ntopology: {defaults: x, nodes: {a: {kind: linux}}}\n", "defaults must be a map"},
      {"name: t\ntopology: {kinds: {linux: x}, nodes: {a: {kind: linux}}}\n", "kind linux must be a map"},
      {"name: t\ntopology: {links: x, nodes: {a: {kind: linux}}}\n", "links must be a list"},
      {with_links("    - x\n"), "line 7, column 7: a link must be a map"},
      {with_links("    - {}\n"), "a link needs two endpoints"},
      {with_links("    - endpoints: \"a:eth1\"\n"), "a link needs two endpoints"},
      {with_links("    - endpoints: [\"a:eth1\"]\n"), "a link needs two endpoints"},
      {with_links("    - endpoints: [\"a:eth1\", \"b:eth1\", \"b:eth2\"]\n"), "a link needs two endpoints"},
      {with_links("    - endpoints: [\"a:eth1\", \"b\"]\n"), "\"b\" is no endpoint"},
      {with_links("    - endpoints: [\"a:eth1\", [b]]\n"), "an endpoint must be"},
      {with_links("    - endpoints: [\"a:eth1\", \"c:eth1\"]\n"), "line 7, column 7: the link names node \"c\""},
      {with_links("    - endpoints: [\"a:\", \"b:eth1\"]\n"), "\"\" cannot be an interface's name"},
      {with_links("    - endpoints: [\"a:eth1:x\", \"b:eth1\"]\n"), "\"eth1:x\" cannot be an interface's name"},
      {with_links("    - endpoints: [\"a:abcdefghijklmnop\", \"b:eth1\"]\n"), "cannot be an interface's name"},
      {with_links("    - endpoints: [\"a:eth1\", \"b:eth1\"]\n    - endpoints: [\"a:eth1\", \"b:eth2\"]\n"),
       "line 8, column 7: interface eth1 of a is used already by the link in line 7"},
      {with_links("    - endpoints: [\"a:eth1\", \"a:eth1\"]\n"), "interface eth1 of a is used already"},
      {with_links("    - endpoints: [\"host:x\", \"mgmt-net:y\"]\n"), "one end of a link must be in a node"},
      {with_links("    - endpoints: [\"a:eth1\", \"host:x\"]\n    - endpoints: [\"b:eth1\", \"host:x\"]\n"),
       "interface x of host is used already"},
      {with_links("    - endpoints: [\"a:eth1\", \"host:\"]\n"), "needs the name of an interface on the host"},
      {with_links("    - {type: wire, endpoints: [\"a:eth1\", \"b:eth1\"]}\n"), "unknown link type \"wire\""},
      {with_links("    - {type: host, host-interface: x}\n"), "a link of type host needs an endpoint"},
      {with_links("    - {type: host, endpoint: {node: a, interface: eth1}}\n"),
       "needs the name of an interface on the"},
      {with_links("    - {type: veth, endpoints: [{node: a}, {node: b, interface: eth1}]}\n"), "names no interface"},
      {with_links("    - {type: veth, endpoints: [{interface: eth1}, {node: b, interface: eth1}]}\n"), "names no node"},
      {with_links("    - {endpoints: [\"a:eth1\", \"b:eth1\"], mtu: big}\n"), "mtu must be a whole number from 68"},
      {with_links("    - {endpoints: [\"a:eth1\", \"b:eth1\"], mtu: 67}\n"), "mtu must be a whole number from 68"},
  };
  for (const auto& [text, says] : cases) {
    CAPTURE(text);
    CAPTURE(says);
    const auto error = first_error(text);
    CHECK_MESSAGE(error.find(says) != std::string::npos, error);
    CHECK(error != "accepted");
  }
}

TEST_CASE("topology: problems of a shared part are told once, all others too") {
  const auto got =
      read_topology("name: t\ntopology:\n  defaults: {kind: linux, exec: x}\n  nodes:\n    a:\n    b:\n    c: "
                    "{cmd: []}\n  links:\n    - endpoints: [\"a:eth1\", \"z:eth1\"]\n");
  CHECK_FALSE(got.value);
  REQUIRE(got.errors.size() == 2);
  CHECK(got.errors[0].line == 3);
  CHECK(got.errors[1].line == 7);
}

TEST_CASE("topology: limits") {
  CHECK(first_error(std::string(max_topology_bytes + 1, '#')).find("larger than") != std::string::npos);
  std::string many = "name: t\ntopology:\n  defaults: {kind: linux}\n  nodes:\n";
  for (size_t i = 0; i <= max_nodes; ++i) many += fmt::format("    n{}:\n", i);
  CHECK(first_error(many).find("there are 1001 nodes") != std::string::npos);
  CHECK(first_error(std::string(5000, '[')).find("nested deeper") != std::string::npos);
  CHECK(first_error("a: &a [*a]\n").find("within the anchor") != std::string::npos);
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) bomb += fmt::format("a{}: &a{} [*a{}, *a{}]\n", i, i, i - 1, i - 1);
  CHECK(first_error(bomb).find("too large") != std::string::npos);
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 60; ++i) chain += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  CHECK(first_error(chain).find("nested deeper") != std::string::npos);
  std::string wide = "a0: &a0 [x";
  for (int i = 0; i < 999; ++i) wide += ", x";
  wide += "]\na1: [*a0";
  for (int i = 0; i < 999; ++i) wide += ", *a0";
  CHECK(first_error(wide + "]\n").find("too large") != std::string::npos);
  std::string fat = "name: t\ntopology:\n  defaults: {kind: linux, cmd: " + std::string(100000, 'x') + "}\n  nodes:\n";
  for (size_t i = 0; i < max_nodes; ++i) fat += fmt::format("    n{}:\n", i);
  CHECK(first_error(fat).find("the nodes are too large") != std::string::npos);
  const auto noisy = [] {
    std::string out = "name: t\ntopology:\n  nodes:\n";
    for (int i = 0; i < 200; ++i) out += fmt::format("    n{}:\n", i);
    return out;
  }();
  CHECK(read_topology(noisy).errors.size() == max_problems);
}

TEST_CASE("topology: anchors and merge keys") {
  const auto got =
      read_topology("name: t\nx: &base {kind: linux, cmd: base, env: {A: 1}}\ntopology:\n  nodes:\n    a: *base\n"
                    "    b: {<<: *base, cmd: mine}\n    c: {<<: [{cmd: first}, *base]}\n");
  for (const auto& each : got.errors) FAIL(to_string(each));
  REQUIRE(got.value);
  CHECK(got.value->find_node("a")->cmd == "base");
  CHECK(got.value->find_node("b")->cmd == "mine");
  CHECK(got.value->find_node("b")->env.at("A") == "1");
  CHECK(got.value->find_node("c")->cmd == "first");
  CHECK(first_error("a: {<<: x}\n").find("<< takes a map") != std::string::npos);
}
