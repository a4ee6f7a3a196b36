#include "deploy/process.hpp"
#include "deploy/service_options.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace stibium::deploy;

namespace {

// A folder that is gone when the test is over.
struct temporary_folder {
  temporary_folder() {
    char name[] = "/tmp/stibium-deploy-XXXXXX";
    path = mkdtemp(name);
  }
  ~temporary_folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::variant<settings, exit_code> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "stibiumd");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  return read_command_line(static_cast<int>(argv.size()), argv.data(), {"embedded"});
}

} // namespace

TEST_CASE("process: clients leave files for everything else") {
  CHECK(connections_for(1024) == 768);
  CHECK(connections_for(1000000) == 750000);
  CHECK(connections_for(0) == 16);
}

TEST_CASE("process: a data folder has one service") {
  const temporary_folder folder;
  folder_lock first, second;
  CHECK_FALSE(first.take(folder.path));
  const auto refused = second.take(folder.path);
  REQUIRE(refused);
  CHECK(*refused == "another stibiumd (process " + std::to_string(getpid()) + ") uses " + folder.path);
}

TEST_CASE("process: the lock of a service that has ended is free") {
  const temporary_folder folder;
  { CHECK_FALSE(folder_lock{}.take(folder.path)); }
  CHECK_FALSE(folder_lock{}.take(folder.path));
  CHECK(folder_lock{}.take(folder.path + "/nowhere"));
}

TEST_CASE("process: the lock of a service that was killed while it started a program is free soon") {
  const temporary_folder folder;
  const auto service = fork();
  if (service == 0) {
    folder_lock lock;
    if (lock.take(folder.path)) _exit(1);
    // Its child has the lock's file, too, and lives a little longer.
    if (fork() == 0) poll(nullptr, 0, 300);
    _exit(0);
  }
  int status = 1;
  REQUIRE(waitpid(service, &status, 0) == service);
  REQUIRE(status == 0);
  CHECK_FALSE(folder_lock{}.take(folder.path));
}

TEST_CASE("process: a stop signal is told by name") {
  stop_signals signals;
  raise(SIGPIPE); // ends nothing
  raise(SIGTERM);
  CHECK(signals.wait() == "SIGTERM");
  raise(SIGINT);
  CHECK(signals.wait() == "SIGINT");
}

TEST_CASE("process: systemd is told where it asked, and nobody else") {
  const temporary_folder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = folder.path + "/notify";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int inbox = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  REQUIRE(bind(inbox, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const auto received = [&] {
    char text[64];
    const auto size = recv(inbox, text, sizeof text, 0);
    return size < 0 ? std::string{} : std::string{text, static_cast<size_t>(size)};
  };
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  tell_manager("READY=1");
  CHECK(received() == "READY=1");
  setenv("NOTIFY_SOCKET", (folder.path + "/nowhere").c_str(), 1);
  tell_manager("READY=1");
  setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
  tell_manager("READY=1");
  unsetenv("NOTIFY_SOCKET");
  tell_manager("READY=1");
  CHECK(received().empty());
  close(inbox);
}

TEST_CASE("process: more files than the soft limit may be open") { CHECK(raise_file_limit() >= 256); }

TEST_CASE("options: the command line goes before the file") {
  const temporary_folder folder;
  const auto path = folder.path + "/a.yml";
  std::ofstream{path} << "server: { listen: 'a:1' }\nlabs: { folder: here }\nlogs: { backlogLines: 5 }\n";
  const auto read = parse({"--config", path, "--listen", "b:2", "--data", "x/../y", "--set", "logs.backlogLines=7"});
  REQUIRE(std::holds_alternative<settings>(read));
  const auto& values = std::get<settings>(read);
  CHECK(to_string(values.server.listen) == "b:2");
  CHECK(values.labs.folder == folder.path + "/here");
  CHECK(values.data.folder == std::filesystem::current_path().string() + "/y");
  CHECK(values.logs.backlog_lines == 7);
}

TEST_CASE("options: what is wrong ends the program with its code") {
  const temporary_folder folder;
  const auto path = folder.path + "/a.yml";
  std::ofstream{path} << "server: { lissen: 'a:1' }\n";
  const auto code = [](const std::vector<std::string>& words) { return std::get<exit_code>(parse(words)); };
  CHECK(code({"--nonsense"}) == exit_code::usage);
  CHECK(code({"--listen", "nowhere"}) == exit_code::usage);
  CHECK(code({"--set", "a"}) == exit_code::usage);
  CHECK(code({"--set", "server.x=1"}) == exit_code::usage);
  CHECK(code({"--runtime", "dokcer"}) == exit_code::usage);
  CHECK(code({"--config", path}) == exit_code::bad_config);
  CHECK(code({"--config", folder.path + "/none"}) == exit_code::bad_config);
  CHECK(code({"--config", path, "--check-config"}) == exit_code::bad_config);
  CHECK(code({"--check-config"}) == exit_code::ended);
  CHECK(code({"--version"}) == exit_code::ended);
}
