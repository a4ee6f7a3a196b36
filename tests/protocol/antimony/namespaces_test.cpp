#include "protocol/antimony/namespaces.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace stibium::antimony;

TEST_CASE("namespaces: the fixed ones") {
  CHECK(parse_namespace("/").kind == namespace_kind::root);
  CHECK(parse_namespace("/status-messages").kind == namespace_kind::status_messages);
  CHECK(parse_namespace("/lab-updates").kind == namespace_kind::lab_updates);
  CHECK(parse_namespace("/lab-commands").kind == namespace_kind::lab_commands);
  CHECK(parse_namespace("/shell-commands").kind == namespace_kind::shell_commands);
}

TEST_CASE("namespaces: the streams with their parts") {
  const auto lab = parse_namespace(lab_log_namespace("L-1"));
  CHECK(lab.kind == namespace_kind::lab_log);
  CHECK(lab.lab_id == "L-1");
  const auto node = parse_namespace(node_log_namespace("L-1", "n.1"));
  CHECK(node.kind == namespace_kind::node_log);
  CHECK(node.lab_id == "L-1");
  CHECK(node.node == "n.1");
  const auto shell = parse_namespace(shell_namespace("S"));
  CHECK(shell.kind == namespace_kind::shell);
  CHECK(shell.shell_id == "S");
  CHECK(is_stream(lab.kind));
  CHECK(is_stream(node.kind));
  CHECK(is_stream(shell.kind));
  CHECK_FALSE(is_stream(namespace_kind::lab_commands));
}

TEST_CASE("namespaces: anything else is unknown") {
  for (const std::string& bad :
       {std::string{}, std::string{"logs"}, std::string{"/logs"}, std::string{"/logs/"}, std::string{"/logs//n"},
        std::string{"/logs/L/"}, std::string{"/logs/L/n/x"}, std::string{"/shells"}, std::string{"/shells/"},
        std::string{"/shells/S/"}, std::string{"/shells/S/x"}, std::string{"/lab-commands/"},
        std::string{"/Lab-Commands"}, std::string{"/other"}, "/logs/" + std::string(600, 'x')}) {
    CAPTURE(bad);
    CHECK(parse_namespace(bad).kind == namespace_kind::unknown);
  }
}
