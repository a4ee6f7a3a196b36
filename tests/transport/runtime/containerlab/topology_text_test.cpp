#include "actors/error.hpp"
#include "transport/runtime/containerlab/topology_text.hpp"

#include <doctest/doctest.h>

using stibium::containerlab::instance_topology;

namespace {

std::string made(std::string_view text) {
  const auto result = instance_topology(text, "ping-17", "/labs/a");
  return result ? *result : "refused: " + stibium::message_of(result.error());
}

} // namespace

TEST_CASE("containerlab: a topology gets the instance's name and keeps its text") {
  CHECK(made("# a lab\nname: ping # of ours\ntopology:\n  nodes: {}\n") ==
        "# a lab\nname: \"ping-17\" # of ours\ntopology:\n  nodes: {}\n");
  CHECK(made("topology: {}\nname: 'it''s'\n") == "topology: {}\nname: \"ping-17\"\n");
  CHECK(made("name: \"a \\\" b\"\nmgmt: {network: x}") == "name: \"ping-17\"\nmgmt: {network: x}");
  CHECK(made("{topology: {}, name: x}") == "{topology: {}, name: \"ping-17\"}");
}

TEST_CASE("containerlab: a topology without a name gets one") {
  CHECK(made("---\ntopology: {}\n") == "---\nname: \"ping-17\"\ntopology: {}\n");
  CHECK(made("{topology: {}}") == "{name: \"ping-17\", topology: {}}");
}

TEST_CASE("containerlab: relative paths start where the topology came from") {
  const auto text = made(R"(name: ä
topology:
  defaults:
    env-files: [common.env, /etc/x.env]
  kinds:
    linux: {license: ../lic/key.txt}
  nodes:
    n1:
      startup-config: "configs/ö n1.cfg"
      binds:
        - files/a:/a:ro
        - /abs:/b
        - ~/home:/c
        - __clabNodeDir__/x:/d
        - $HOME/y:/e
        - '/anonymous'
        - "./quo\"ted:/f"
    n2:
      startup-config: https://host/config
    n3:
      startup-config: |
        hostname n3
        interface eth1
)");
  CHECK(text == R"(name: "ping-17"
topology:
  defaults:
    env-files: ["/labs/a/common.env", /etc/x.env]
  kinds:
    linux: {license: "/labs/lic/key.txt"}
  nodes:
    n1:
      startup-config: "/labs/a/configs/ö n1.cfg"
      binds:
        - "/labs/a/files/a:/a:ro"
        - /abs:/b
        - ~/home:/c
        - __clabNodeDir__/x:/d
        - $HOME/y:/e
        - '/anonymous'
        - "/labs/a/quo\"ted:/f"
    n2:
      startup-config: https://host/config
    n3:
      startup-config: |
        hostname n3
        interface eth1
)");
}

TEST_CASE("containerlab: paths behind anchors and aliases") {
  CHECK(
      made("name: x\ntopology:\n  nodes:\n    a: &a\n      license: &l key\n    b: *a\n    c:\n      license: *l\n") ==
      "name: \"ping-17\"\ntopology:\n  nodes:\n    a: &a\n      license: &l \"/labs/a/key\"\n    b: *a\n    c:\n"
      "      license: \"/labs/a/key\"\n");
}

TEST_CASE("containerlab: a text that is no topology is refused with its place") {
  CHECK(made("name: [").find("refused: line ") == 0);
  CHECK(made("- a\n") == "refused: the topology is no map");
  CHECK(made("").find("refused: ") == 0);
  CHECK(made("name: {a: 1}\ntopology: {}").find("refused: line 1") == 0);
}
