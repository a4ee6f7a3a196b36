#include "deploy/config.hpp"
#include "deploy/config_values.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace stibium::deploy;
using std::chrono::milliseconds;

namespace {

reading read(std::string_view text) { return read_settings(text, "stibium.yml", "/etc/stibium"); }

// The only complaint about a text.
std::string complaint_about(std::string_view text) {
  const auto result = read(text);
  REQUIRE(result.wrong.size() == 1);
  return to_string(result.wrong.front());
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string file_text(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

} // namespace

TEST_CASE("config: an empty file gives the defaults of the contract") {
  for (const auto* text : {"", "# nothing\n", "server:\n"}) {
    const auto result = read(text);
    CHECK(result.wrong.empty());
    CHECK(to_string(result.values.server.listen) == "127.0.0.1:3000");
    CHECK(result.values.server.ping_interval == milliseconds{25000});
    CHECK(result.values.server.ping_timeout == milliseconds{20000});
    CHECK(result.values.server.max_payload == 1000000);
    CHECK(result.values.server.connect_timeout == milliseconds{45000});
    CHECK(result.values.server.send_queue_bytes == 1024 * 1024);
    CHECK(result.values.logs.backlog_lines == 10000);
    CHECK(result.values.shell.scrollback_bytes == 256 * 1024);
    CHECK(result.values.shell.timeout == std::chrono::seconds{1800});
    CHECK(result.values.shell.user_limit == 20);
    CHECK(result.values.runtime.parallel == 2);
    CHECK(result.values.compat.node_command_ids == "api");
    CHECK(result.values.shell.kinds.empty());
    CHECK(result.values.shell.ssh_known_hosts == "ignore");
    CHECK(result.values.runtime.containerlab == "containerlab");
    CHECK(result.values.runtime.docker.empty());
  }
}

TEST_CASE("config: values are taken in every form") {
  const auto result = read(R"(
server:
  listen: "[::1]:8080"
  corsOrigins: [ "https://a.example", "http://b.example:81" ]
  pingInterval: 500
  pingTimeout: 2s
  maxPayload: 2MiB
  recovery: false
  recoveryWindow: 3m
shell: { timeout: 90 }
compat: { nodeCommandIds: reference }
labs: { folder: topologies }
data: { folder: /srv/data }
)");
  REQUIRE(result.wrong.empty());
  CHECK(result.values.server.listen == endpoint{"::1", 8080});
  CHECK(result.values.server.cors_origins == std::vector<std::string>{"https://a.example", "http://b.example:81"});
  CHECK(result.values.server.ping_interval == milliseconds{500});
  CHECK(result.values.server.ping_timeout == milliseconds{2000});
  CHECK(result.values.server.max_payload == 2 * 1024 * 1024);
  CHECK_FALSE(result.values.server.recovery);
  CHECK(result.values.server.recovery_window == milliseconds{180000});
  CHECK(result.values.shell.timeout == milliseconds{90000});
  CHECK(result.values.compat.node_command_ids == "reference");
  CHECK(result.values.labs.folder == "/etc/stibium/topologies");
  CHECK(result.values.data.folder == "/srv/data");
}

TEST_CASE("config: unknown keys are refused with their place and the nearest key") {
  CHECK(complaint_about("server:\n  pingIntervall: 1s\n") ==
        "stibium.yml:2:3: unknown key \"server.pingIntervall\"; did you mean \"pingInterval\"?");
  CHECK(complaint_about("serv:\n  listen: 1\n") ==
        "stibium.yml:1:1: unknown section \"serv\"; did you mean \"server\"?");
  CHECK(contains(complaint_about("server:\n  timeout: 1s\n"), "did you mean \"shell.timeout\"?"));
  CHECK(contains(complaint_about("data:\n  zzzzzzzz: 1\n"), "there are: folder"));
  CHECK(contains(complaint_about("server:\n  ? [a]\n  : 1\n"), "a key must be a word"));
}

TEST_CASE("config: wrong types and values are refused with their place and what is taken") {
  const std::pair<const char*, const char*> cases[] = {
      {"server:\n  pingInterval: soon\n",
       "stibium.yml:2:17: server.pingInterval takes: duration (25s, a number is ms), "
       "100ms to 1h; this is \"soon\""},
      {"server: { pingTimeout: 99ms }", "100ms to 1h"},
      {"server: { pingTimeout: -5 }", "100ms to 1h"},
      {"server: { pingTimeout: [1, 2] }", "this is a list"},
      {"server: { pingTimeout: { a: 1 } }", "these are keys"},
      {"server: { pingTimeout: }", "has no value"},
      {"server: { listen: here }", "HOST:PORT"},
      {"server: { listen: 'a:99999' }", "HOST:PORT"},
      {"server: { corsOrigins: https://a.example }", "takes: list"},
      {"server: { corsOrigins: [a.example] }", "takes: list"},
      {"server: { corsOrigins: [{ a: 1 }] }", "takes: list"},
      {"server: { recovery: maybe }", "true or false"},
      {"server: { ioThreads: 65 }", "number, 0 to 64"},
      {"server: { maxPayload: 18446744073709551615GiB }", "1KiB to 100MiB"},
      {"runtime: { name: dokcer }", "one of embedded, containerlab"},
      {"runtime: { stopGrace: never }", "auto, or duration"},
      {"runtime: { stopGrace: 61m }", "0s to 1h"},
      {"runtime: { containerlab: '' }", "this is empty"},
      {"runtime: { docker: /var/run/docker.sock }", "unix:///PATH or tcp://HOST:PORT"},
      {"runtime: { docker: 'tcp://engine' }", "unix:///PATH or tcp://HOST:PORT"},
      {"shell: { sshKnownHosts: yes }", "one of ignore, accept-new, strict"},
      {"shell: { kinds: bash }", "map of a kind to"},
      {"shell: { kinds: [linux] }", "map of a kind to"},
      {"labs: { folder: '' }", "this is empty"},
      {"server: 5", "\"server\" must hold keys"},
      {"- a\n", "the file must hold sections"},
      {"server:\n  listen: 'a:1'\n  listen: 'b:2'\n", "stibium.yml:3:3: \"server.listen\" stands here twice"},
      {"server:\n\tlisten: a\n", "no valid YAML"},
      {"server: [", "no valid YAML"},
      {"log: {level: info}\n---\nlog: {level: info}\n", "one document"},
      {"logs: { lineBytes: 2MiB, backlogBytes: 1MiB }", "must not be larger"},
  };
  for (const auto& [text, part] : cases) {
    CAPTURE(text);
    CHECK_MESSAGE(contains(complaint_about(text), part), complaint_about(text));
  }
}

TEST_CASE("config: everything wrong is told in one go") {
  const auto result = read("server:\n  listen: x\n  nonsense: 1\nlogs:\n  backlogLines: many\n");
  REQUIRE(result.wrong.size() == 3);
  CHECK(result.wrong[0].line == 2);
  CHECK(result.wrong[1].line == 3);
  CHECK(result.wrong[2].line == 5);
}

TEST_CASE("config: kinds of shells are read") {
  const auto result = read(R"(
shell:
  kinds:
    linux: { command: fish -l }
    my-vm:
      method: ssh
      user: me
      password: "p: w"
      key: keys/lab
      port: 2222
    ceos: { method: exec, command: [Cli, -p, "15 a"], user: root }
)");
  REQUIRE(result.wrong.empty());
  const auto& kinds = result.values.shell.kinds;
  REQUIRE(kinds.size() == 3);
  CHECK(kinds.at("linux") == shell_kind{"", {"fish", "-l"}, "", "", "", 0});
  CHECK(kinds.at("my-vm") == shell_kind{"ssh", {}, "me", "p: w", "/etc/stibium/keys/lab", 2222});
  CHECK(kinds.at("ceos") == shell_kind{"exec", {"Cli", "-p", "15 a"}, "root", "", "", 0});
}

TEST_CASE("config: what is wrong in kinds of shells is told with its place") {
  const auto kinds = [](const std::string& text) { return complaint_about("shell:\n  kinds:\n" + text); };
  CHECK(kinds("    linux:\n      comand: sh\n") ==
        "stibium.yml:4:7: unknown key \"shell.kinds.linux.comand\"; did you mean \"command\"?");
  CHECK(kinds("    linux:\n      method: telnet\n") == "stibium.yml:4:15: shell.kinds.linux.method takes: exec or ssh");
  const std::pair<const char*, const char*> cases[] = {
      {"    linux: { zzzzzzzzzz: 1 }\n", "there are: method, command"},
      {"    linux: sh\n", "must hold keys"},
      {"    linux: {}\n", "must hold keys"},
      {"    'a b': { user: x }\n", "the name of a kind"},
      {"    ? [a]\n    : { user: x }\n", "the name of a kind"},
      {"    linux: { command: \"sh -c 'a b'\" }\n", "a line without quotes"},
      {"    linux: { command: [] }\n", "takes: a program"},
      {"    linux: { command: [sh, [a]] }\n", "takes: a program"},
      {"    linux: { command: '' }\n", "takes: a program"},
      {"    linux: { port: 70000 }\n", "1 to 65535"},
      {"    linux: { user: [a] }\n", "takes: a name"},
      {"    linux: { user: \"a\\nb\" }\n", "takes: a name"},
      {"    linux: { user: a, user: b }\n", "stands here twice"},
      {"    linux: { user: a }\n    linux: { user: b }\n", "\"shell.kinds.linux\" stands here twice"},
      {"    linux: { method: exec, port: 22 }\n", "port goes with the method ssh"},
  };
  for (const auto& [text, part] : cases) {
    CAPTURE(text);
    CHECK_MESSAGE(contains(kinds(text), part), kinds(text));
  }
  CHECK_FALSE(contains(kinds("    linux: { password: [hunter2] }\n"), "hunter2"));
  std::string many;
  for (int i = 0; i < 257; ++i) many += "    kind" + std::to_string(i) + ": { user: x }\n";
  CHECK(contains(kinds(many), "more than 256 kinds"));
}

TEST_CASE("config: the stop grace follows the runtime until it is set") {
  settings values;
  CHECK(stop_grace_of(values) == milliseconds{5000});
  values.runtime.name = "containerlab";
  CHECK(stop_grace_of(values) == milliseconds{10000});
  CHECK(set_key(values, "runtime.stopGrace", "0").empty());
  CHECK(stop_grace_of(values) == milliseconds{0});
  CHECK(set_key(values, "runtime.stopGrace", "auto").empty());
  CHECK(stop_grace_of(values) == milliseconds{10000});
}

TEST_CASE("config: files that cannot be read say so") {
  CHECK(contains(read_settings_file("/nowhere/stibium.yml").wrong.at(0).text, "cannot be read"));
  CHECK(contains(read_settings_file("/tmp").wrong.at(0).text, "is a folder"));
  CHECK(contains(read_settings_file("/dev/zero").wrong.at(0).text, "larger than 1 MiB"));
}

TEST_CASE("config: the command line sets keys by name") {
  settings values;
  CHECK(set_key(values, "server.listen", ":0").empty());
  CHECK(values.server.listen == endpoint{"0.0.0.0", 0});
  CHECK(set_key(values, "server.corsOrigins", "https://a.example,https://b.example").empty());
  CHECK(values.server.cors_origins.size() == 2);
  CHECK(set_key(values, "server.corsOrigins", "").empty());
  CHECK(values.server.cors_origins.empty());
  CHECK(contains(set_key(values, "server.lissen", "x"), "did you mean \"listen\"?"));
  CHECK(contains(set_key(values, "listen", "x"), "did you mean \"server.listen\"?"));
  CHECK(contains(set_key(values, "runtime.parallel", "0"), "number, 1 to 64"));
  CHECK(values.runtime.parallel == 2);
  CHECK(set_key(values, "shell.kinds", "{linux: {command: fish}}").empty());
  CHECK(values.shell.kinds.at("linux").command == std::vector<std::string>{"fish"});
  CHECK(contains(set_key(values, "shell.kinds", "{linux: {port: x}, b: 1}"), "1 to 65535; shell.kinds.b must hold"));
  CHECK(contains(set_key(values, "shell.kinds", "{"), "no valid YAML"));
  CHECK(contains(set_key(values, "shell.kinds", "bash"), "map of a kind"));
  CHECK(values.shell.kinds.size() == 1);
}

TEST_CASE("config: the shipped file documents every default") {
  const auto shipped = std::string{STIBIUM_SOURCE_DIR} + "/deploy/stibium.yml";
  CHECK(file_text(shipped) == to_yaml(settings{}));
  const auto result = read_settings_file(shipped);
  CHECK(result.wrong.empty());
  for (const auto& key : keys()) CHECK_MESSAGE(contains(file_text(shipped), key.meaning.substr(0, 30)), key.name);
}

TEST_CASE("config: what is printed reads back as it was") {
  settings values;
  for (const auto& [key, text] : {std::pair{"server.listen", "[::1]:7"},
                                  {"server.corsOrigins", "*"},
                                  {"server.pingInterval", "1500ms"},
                                  {"logs.backlogBytes", "5000000"},
                                  {"shell.timeout", "2h"},
                                  {"shell.kinds", "{my-vm: {method: ssh, user: me, password: 'a \"b\"', key: /k, port: "
                                                  "2222}, linux: {command: [fish, \"a b\"]}}"},
                                  {"shell.sshKnownHosts", "accept-new"},
                                  {"runtime.stopGrace", "1500ms"},
                                  {"runtime.docker", "tcp://127.0.0.1:2375"},
                                  {"data.folder", "/a \"b\" \\c"}})
    CHECK(set_key(values, key, text).empty());
  const auto result = read(to_yaml(values));
  REQUIRE(result.wrong.empty());
  CHECK(to_yaml(result.values).find("folder: \"/a \\\"b\\\" \\\\c\"") != std::string::npos);
  CHECK(result.values.server.listen == values.server.listen);
  CHECK(result.values.server.ping_interval == milliseconds{1500});
  CHECK(result.values.logs.backlog_bytes == 5000000);
  CHECK(result.values.shell.timeout == std::chrono::hours{2});
  CHECK(result.values.shell.kinds == values.shell.kinds);
  CHECK(result.values.shell.ssh_known_hosts == "accept-new");
  CHECK(result.values.runtime.stop_grace == milliseconds{1500});
  CHECK(result.values.runtime.docker == "tcp://127.0.0.1:2375");
}

TEST_CASE("config: the README lists every key with its default") {
  const auto readme = file_text(std::string{STIBIUM_SOURCE_DIR} + "/README.md");
  for (const auto& key : keys()) {
    CHECK_MESSAGE(contains(readme, "| `" + key.name + "` | `" + key.initial + "` |"), key.name);
  }
}

TEST_CASE("config: the nearest word is one that may be meant") {
  CHECK(nearest("listn", {"listen", "labs"}) == "listen");
  CHECK(nearest("LISTEN", {"listen", "labs"}) == "listen");
  CHECK(nearest("xyzxyz", {"listen", "labs"}).empty());
}
