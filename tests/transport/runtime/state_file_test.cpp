#include "transport/runtime/command_line.hpp"
#include "transport/runtime/sandbox.hpp"
#include "transport/runtime/state_file.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace stibium::runtime;

namespace {

struct folder {
  folder() {
    char name[] = "/tmp/stibium-state-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { std::filesystem::remove_all(path); }
  std::string path;
};

instance_record sample(const std::string& root) {
  return {"lab-1",
          "ping-1",
          root + "/lab-1",
          "name: \"ping\"\n",
          "/labs/ping.clab.yml",
          boot_id(),
          "user namespace",
          {4711, 99},
          {{"n1", "linux", "sb-1-n1", {"eth1", "eth2"}, {"eth2"}}, {"n2", "srl", "sb-1-n2", {}, {}}}};
}

void write(const std::string& path, const std::string& text) { std::ofstream{path} << text; }

} // namespace

TEST_CASE("state file: a record survives being written and found") {
  const folder root;
  const auto record = sample(root.path);
  std::filesystem::create_directories(record.home());
  std::filesystem::create_directories(root.path + "/lab-2/other");
  write(root.path + "/lab-2/other/state.json", "{broken");
  write(root.path + "/file", "");
  REQUIRE(save(record));
  const auto found = find_records(root.path);
  REQUIRE(found.size() == 1);
  CHECK(to_json(found.front()) == to_json(record));
  CHECK(found.front().find("n1")->to_host == std::vector<std::string>{"eth2"});
  CHECK(found.front().find("n3") == nullptr);
  CHECK(found.front().holder == process_id{4711, 99});
}

TEST_CASE("state file: a record of another place is not taken for one of this place") {
  const folder root;
  auto record = sample(root.path);
  std::filesystem::create_directories(record.home());
  REQUIRE(save(record));
  std::filesystem::rename(record.home(), record.folder + "/moved");
  CHECK(find_records(root.path).empty());
}

TEST_CASE("state file: what is no record is refused") {
  const auto good = to_json(sample("/r"));
  REQUIRE(read_record(good));
  for (const auto* text : {"", "[]", "{}", "{\"version\":1}", "{\"version\":\"1\"}"}) CHECK_FALSE(read_record(text));
  CHECK_FALSE(read_record(good.substr(0, good.size() / 2)));
  auto other = good;
  other.replace(other.find("\"version\":1"), 11, "\"version\":2");
  CHECK_FALSE(read_record(other));
  auto typed = good;
  typed.replace(typed.find("\"linux\""), 7, "7");
  CHECK_FALSE(read_record(typed));
}

TEST_CASE("state file: processes and exit codes are read as the init writes them") {
  const folder root;
  const auto record = sample(root.path);
  std::filesystem::create_directories(record.home());
  CHECK_FALSE(read_process(record, "n1"));
  const std::string tail = " S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 ";
  write(record.file_of("n1", "pid"), "20 (sh)" + tail + "555 1\n19 (un) (share)" + tail + "444 1\n");
  const auto process = read_process(record, "n1");
  REQUIRE(process);
  CHECK(process->init == process_id{20, 555});
  CHECK(process->outer == process_id{19, 444});
  write(record.file_of("n1", "pid"), "20 (sh)" + tail + "555 1\n19 (un");
  CHECK_FALSE(read_process(record, "n1"));
  CHECK_FALSE(read_exit_code(record, "n1"));
  write(record.file_of("n1", "exit"), "137\n");
  CHECK(read_exit_code(record, "n1") == 137);
  write(record.file_of("n1", "exit"), "");
  CHECK_FALSE(read_exit_code(record, "n1"));
}

TEST_CASE("process id: a number that is used again is another process") {
  const auto self = find_process(::getpid());
  REQUIRE(self);
  CHECK(watch_process(*self));
  CHECK(send_signal(*self, 0));
  const process_id earlier{self->pid, self->start - 1};
  CHECK_FALSE(watch_process(earlier));
  CHECK_FALSE(send_signal(earlier, SIGKILL));
  CHECK_FALSE(watch_process({}));
  CHECK_FALSE(parse_stat("12 (a) Z 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5 1"));
  for (const auto* text : {"", "x", "1 (", "0 (a) S 1", "1 (a) S 1 2 3"}) CHECK_FALSE(parse_stat(text));
  CHECK(boot_id().size() == 36);
}

TEST_CASE("command line: words are split as containerlab splits them") {
  using words = std::vector<std::string>;
  CHECK(split_words("") == words{});
  CHECK(split_words("  a\tb \n c ") == words{"a", "b", "c"});
  CHECK(split_words(R"(sh -c 'echo "x y" $Z' "a'b" c\ d)") == words{"sh", "-c", R"(echo "x y" $Z)", "a'b", "c d"});
  CHECK(split_words(R"(a"b"'c'\d "" "x\"y\\z\n")") == words{"abcd", "", R"(x"y\z\n)"});
  CHECK(split_words("a; b | c > d") == words{"a;", "b", "|", "c", ">", "d"});
  CHECK_FALSE(split_words("a 'b"));
  CHECK_FALSE(split_words("a \"b"));
  CHECK(split_words("a\\") == words{"a\\"});
}

TEST_CASE("command line: values in log lines stay on their line and within bounds") {
  CHECK(in_quotes("a \"b\"\\\n\t\x1b[1m") == R"("a \"b\"\\\n\t\x1b[1m")");
  CHECK(in_quotes(std::string(10000, 'x')).size() < 4200);
}

TEST_CASE("sandbox: programs are found on a search path, and only if they can be run") {
  CHECK(find_executable("sh").ends_with("/sh"));
  CHECK(find_executable("/bin/sh") == "/bin/sh");
  CHECK(find_executable("sh", "/nowhere:/bin") == "/bin/sh");
  CHECK(find_executable("no-such-program").empty());
  CHECK(find_executable("").empty());
  CHECK(find_executable("/etc/passwd").empty());
  CHECK(find_executable("/etc").empty());
}
