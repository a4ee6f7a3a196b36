#include "transport/runtime/containerlab/output.hpp"

#include <doctest/doctest.h>

using namespace stibium::containerlab;

namespace {

output_reader read(std::string_view text, bool from_stderr = true) {
  output_reader reader;
  while (!text.empty()) {
    const auto end = text.find('\n');
    reader.take(text.substr(0, end), from_stderr);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader;
}

} // namespace

TEST_CASE("containerlab: lines lose colours and control characters") {
  CHECK(plain_line("\x1b[1m╭\x1b[0m\x1b[38;5;12mtext\x1b[0m  ") == "╭text");
  CHECK(plain_line("a\tb\r") == "a\tb");
  CHECK(plain_line("10%\r50%\rdone\r\r") == "done");
  CHECK(plain_line("\x1b]0;title\x07"
                   "text") == "text");
  CHECK(plain_line("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "link");
  CHECK(plain_line("\x1b(Btext\x1b") == "text");
  CHECK(plain_line("cut \x1b[1;3").find("cut") == 0);
  CHECK(plain_line("   ") == "");
}

TEST_CASE("containerlab: values in log lines") {
  const std::string_view line = R"(02:30:58 INFO Executed command node=n-2 command="echo \"x\" node=z" stdout="")";
  CHECK(value_of(line, "node") == "n-2");
  CHECK(value_of(line, "command") == R"(echo "x" node=z)");
  CHECK(value_of(line, "stdout") == "");
  CHECK(value_of(line, "missing") == "");
}

TEST_CASE("containerlab: the reason of a failure is its last block, joined") {
  const auto unknown_image =
      read("02:31:05 INFO Pulling image image=nosuch:latest\n"
           "02:31:05 ERRO Failed to pull image image=nosuch:latest err=\"no such host\"\n"
           "          \n   ERROR  \n          \n"
           "  Error response from daemon: Get \"https://registry.example/v2/\": dial tcp: on     \n"
           "  192.0.2.53:53: no such host.                                \n\n");
  CHECK(unknown_image.reason() == "Error response from daemon: Get \"https://registry.example/v2/\": dial tcp: on "
                                  "192.0.2.53:53: no such host.");
  CHECK_FALSE(unknown_image.cancelled());
  const auto hyphen = read("   ERROR  \n\n  vr-dell, vr- \n  juniper, a - \n  b");
  CHECK(hyphen.reason() == "vr-dell, vr-juniper, a - b");
  CHECK(read("   ERROR  \n          \n  Context canceled.     \n").cancelled());
}

TEST_CASE("containerlab: without a block the last error or the last line is the reason") {
  CHECK(read("02:31:07 ERRO node \"r12\" deploy: gone\n02:31:08 INFO more").reason() == "node \"r12\" deploy: gone");
  CHECK(read("panic: oh no\n").reason() == "panic: oh no");
  CHECK(read("02:31:08 INFO Created link: x").reason() == "");
  CHECK(read("").reason() == "");
  CHECK(read("table", false).reason() == "");
  CHECK(read("ERROR\n" + std::string(100'000, 'x') + "\n  short").reason() == "short");
  CHECK(read(std::string(100'000, 'x')).reason().size() == max_reason);
}

TEST_CASE("containerlab: what a run did to whom") {
  const auto reader = read("02:30:57 INFO Creating docker network name=clab IPv4 subnet=172.20.20.0/24 MTU=0\n"
                           "02:30:58 INFO Created link: a-n1:eth1 ▪┄┄▪ n2:ethernet-1/1\n"
                           "02:30:58 INFO Executed command node=n2 command=\"ip addr\" stdout=\"\"\n"
                           "02:30:58 ERRO Failed to execute command command=\"false\" node=n3 rc=1\n");
  CHECK(reader.made_network() == "clab");
  CHECK(reader.linked() == std::set<std::string>{"a-n1", "n2"});
  CHECK(reader.executed() == std::set<std::string>{"n2", "n3"});
  CHECK_FALSE(reader.found_nothing());
  CHECK(read("02:31:03 INFO no containerlab containers found").found_nothing());
}

TEST_CASE("containerlab: the lab's log gets both streams") {
  output_reader reader;
  CHECK(reader.take("\x1b[1m│ clab-ping-n1 │\x1b[0m", false) == "│ clab-ping-n1 │");
  CHECK(reader.take("02:31:05 INFO Created link: x", true) == "02:31:05 INFO Created link: x");
  CHECK(reader.take("   ERROR  ", true) == "");
  CHECK(reader.take("  It failed.   ", true) == "  It failed.");
}
