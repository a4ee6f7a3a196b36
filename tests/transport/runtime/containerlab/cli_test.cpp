#include "actors/error.hpp"
#include "transport/runtime/containerlab/cli.hpp"
#include "transport/runtime/process_id.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace stibium;
using namespace stibium::containerlab;
using namespace std::chrono_literals;

namespace {

/// A shell script in the place of containerlab.
struct fake {
  explicit fake(const std::string& script) {
    char name[] = "/tmp/stibium-clab-XXXXXX";
    folder = ::mkdtemp(name);
    std::ofstream{folder + "/clab"} << "#!/bin/sh\n" << script;
    std::filesystem::permissions(folder + "/clab", std::filesystem::perms::owner_all);
  }
  ~fake() { std::filesystem::remove_all(folder); }
  cli clab() const { return cli{{folder + "/clab", "unix:///nowhere.sock", folder}}; }
  clab_result run(std::chrono::milliseconds deadline = 20s) {
    return clab().run(
        {"deploy", "-t", "x y.yml"}, folder, [this](std::string line) { log.push_back(std::move(line)); }, stop,
        deadline);
  }
  std::string folder;
  std::vector<std::string> log;
  runtime::interrupter stop;
};

} // namespace

TEST_CASE("containerlab: versions and what they can do") {
  const auto newest = read_version("  ____\n    version: 0.79.0\n     commit: abc\n");
  CHECK(newest == clab_version{0, 79, 0});
  CHECK(newest.has_node_commands());
  CHECK_FALSE(read_version("version: 0.74.3").has_node_commands());
  CHECK(read_version("version: 0.74.3").has_events());
  CHECK_FALSE(read_version("version: v0.71.9").has_events());
  CHECK(read_version("version: 1.0").has_node_commands());
  CHECK(read_version("nothing").unknown());
  CHECK(read_version("version: 0.0.0").has_node_commands());
  CHECK(newest.text() == "0.79.0");
}

TEST_CASE("containerlab: a run gets its arguments, its environment and both streams") {
  fake it{"echo \"$CLAB_VERSION_CHECK $DOCKER_HOST $CLAB_LABDIR_BASE $PWD\"; echo \"$#:$3\" >&2\n"};
  const auto result = it.run();
  CHECK_FALSE(result.error);
  REQUIRE(it.log.size() == 2);
  const auto expected = "disable unix:///nowhere.sock " + it.folder + " " + it.folder;
  CHECK((it.log[0] == expected || it.log[1] == expected));
  CHECK((it.log[0] == "3:x y.yml" || it.log[1] == "3:x y.yml"));
  CHECK(result.out == expected + "\n");
}

TEST_CASE("containerlab: what is secret here is not for topologies, which may name variables") {
  ::setenv("SB_NATIVE_PASSWORD", "hush", 1);
  ::setenv("STIBIUM_TOKEN", "hush", 1);
  ::setenv("SOME_REGISTRY", "r", 1);
  fake it{"echo \"<$SB_NATIVE_PASSWORD$STIBIUM_TOKEN> $SOME_REGISTRY $STIBIUM_RUN_ROOT\"\n"};
  const auto result = it.run();
  for (const auto* name : {"SB_NATIVE_PASSWORD", "STIBIUM_TOKEN", "SOME_REGISTRY"}) ::unsetenv(name);
  CHECK(it.log == std::vector<std::string>{"<> r " + it.folder});
}

TEST_CASE("containerlab: a failed run says why in containerlab's own words") {
  fake it{"printf '          \\n   ERROR  \\n          \\n  Node \"n1\"  \\n  not found.   \\n\\n' >&2; exit 1\n"};
  const auto result = it.run();
  CHECK(result.error == ec::runtime_failed);
  CHECK(message_of(result.error) == "Node \"n1\" not found.");
  fake killed{"echo '02:31:08 INFO more' >&2; kill -9 $$\n"};
  CHECK(message_of(killed.run().error) == "containerlab ended with signal 9");
  fake silent{"exit 3\n"};
  CHECK(message_of(silent.run().error) == "containerlab ended with exit code 3");
}

TEST_CASE("containerlab: output is read to its end however much there is") {
  fake it{"i=0; while [ $i -lt 3000 ]; do printf '%0200d\\n' $i >&2; i=$((i+1)); done; "
          "printf '\\n   ERROR  \\n\\n  The last word.\\n' >&2; exit 1\n"};
  CHECK(message_of(it.run().error) == "The last word.");
  CHECK(it.log.size() == 3001);
}

TEST_CASE("containerlab: an interrupt is SIGINT first") {
  fake it{"trap 'echo got-int >&2; exit 1' INT\necho ready\nwhile :; do sleep 0.05; done\n"};
  const auto result = it.clab().run(
      {}, it.folder,
      [&](std::string line) {
        if (line == "ready") it.stop.interrupt();
        it.log.push_back(std::move(line));
      },
      it.stop, 20s);
  CHECK(result.error == ec::cancelled);
  REQUIRE(it.log.size() == 2);
  CHECK(it.log[1] == "got-int");
}

TEST_CASE("containerlab: deadlines and programs that are not there") {
  fake it{"exec sleep 100\n"};
  CHECK(it.run(200ms).error == ec::deadline_passed);
  CHECK(cli{{"/no/such/program", "", "/tmp"}}.version().error() == ec::runtime_unavailable);
  CHECK(cli{{"no-such-program", "", "/tmp"}}.version().error() == ec::runtime_unavailable);
}

TEST_CASE("containerlab: a stream gives its lines and says why it ended") {
  fake it{"echo one; echo two; echo 'Cannot connect to Docker' >&2; exit 1\n"};
  std::vector<std::string> lines;
  const auto why = it.clab().stream(
      {}, [&](std::string_view line) { lines.emplace_back(line); }, it.stop);
  CHECK(lines == std::vector<std::string>{"one", "two"});
  CHECK(why == "Cannot connect to Docker");
}

TEST_CASE("containerlab: what an earlier process has left running is ended, and nothing else") {
  fake it{"setsid sleep 100 >/dev/null 2>&1 & echo $!\n"};
  REQUIRE_FALSE(it.run().error);
  const auto stray = runtime::find_process(std::stoi(it.log.at(0)));
  REQUIRE(stray);
  cli{{"x", "", it.folder + "2"}}.end_strays();
  CHECK(runtime::find_process(stray->pid) == stray);
  it.clab().end_strays();
  CHECK_FALSE(runtime::find_process(stray->pid));
}
