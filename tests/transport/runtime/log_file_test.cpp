#include "tests/transport/runtime/lab_fixture.hpp"
#include "transport/runtime/log_file.hpp"
#include "transport/runtime/log_follower.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

using namespace stibium;
using namespace stibium::runtime;

namespace {

using texts = std::vector<std::string>;

struct log_folder {
  log_folder() {
    char name[] = "/tmp/stibium-log-test-XXXXXX";
    folder = ::mkdtemp(name);
    path = folder + "/n1.log";
    file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  ~log_folder() { std::filesystem::remove_all(folder); }
  void write(const std::string& text) {
    REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  uint64_t on_disk() const {
    struct stat info {};
    ::fstat(file.get(), &info);
    return static_cast<uint64_t>(info.st_blocks) * 512;
  }
  std::string folder, path;
  unique_fd file;
};

// Numbered lines of 100 bytes.
std::string lines_of(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) {
    auto line = std::to_string(i);
    text += line + std::string(99 - line.size(), '.') + "\n";
  }
  return text;
}

texts read_all(log_reader& reader) {
  texts all;
  for (auto some = reader.read(); !some.empty(); some = reader.read()) all.insert(all.end(), some.begin(), some.end());
  return all;
}

} // namespace

TEST_CASE_FIXTURE(log_folder, "log file: lines are read once they are complete, the last one at the end") {
  log_reader reader{path};
  CHECK(reader.read().empty());
  write("a\r\nb\n\npar");
  CHECK(reader.read() == texts{"a", "b", ""});
  CHECK(reader.read().empty());
  write("tial\nrest");
  CHECK(reader.read() == texts{"partial"});
  CHECK(reader.rest() == texts{"rest"});
  CHECK(reader.rest().empty());
  CHECK_FALSE(log_reader{folder + "/none"}.is_open());
}

TEST_CASE_FIXTURE(log_folder, "log file: a line without end is cut, a batch is bounded") {
  log_reader reader{path};
  write(std::string(3 * max_log_line + 10, 'x') + "\n");
  const auto all = read_all(reader);
  REQUIRE(all.size() == 4);
  CHECK(all.front().size() == max_log_line);
  CHECK(all.back().size() == 10);
  write(lines_of(0, 5000));
  CHECK(reader.read().size() < 1000);
}

TEST_CASE_FIXTURE(log_folder,
                  "log file: the oldest part of a long log goes, readers notice and begin with a whole line") {
  log_reader early{path};
  write(lines_of(0, 10000));
  const auto first = early.read();
  CHECK(first.front().starts_with("0."));
  bound_log(file.get(), 400'000);
  CHECK(on_disk() <= 300'000);
  write(lines_of(10000, 10010));
  const auto rest = read_all(early);
  CHECK(rest.front().find("bytes skipped") != std::string::npos);
  CHECK(rest.back().starts_with("10009."));
  log_reader late{path};
  const auto all = read_all(late);
  CHECK(all.front().find("bytes skipped") != std::string::npos);
  for (size_t i = 1; i < all.size(); ++i) REQUIRE(all[i].size() == 99);
  CHECK(all.size() < 4000);
  CHECK(all.size() > 1000);
  bound_log(path, 400'000); // small enough: nothing changes
  log_reader again{path};
  CHECK(read_all(again) == all);
}

TEST_CASE_FIXTURE(log_folder, "log file: a file that was emptied is read from its beginning") {
  log_reader reader{path};
  write("a long line before\n");
  CHECK(reader.read().size() == 1);
  REQUIRE(::ftruncate(file.get(), 0) == 0);
  write("b\n");
  CHECK(reader.read() == texts{"… log emptied …", "b"});
}

TEST_CASE_FIXTURE(test::lab_fixture,
                  "log follower: a busy log reaches a slow sink complete and in order, one batch at a time") {
  log_folder log;
  struct slow {
    int under_way = 0, most = 0;
    test::heard<std::string> lines;
  };
  auto state = std::make_shared<slow>();
  // Answers a little later, by way of another actor.
  auto echo = system.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  auto sink = system.spawn([state, echo](log_sink_actor::pointer self) -> log_sink_actor::behavior_type {
    return {[state, echo, self](const log_lines& some) -> caf::result<void> {
      state->most = std::max(state->most, ++state->under_way);
      for (const auto& line : some.lines) state->lines.add(line);
      auto typed = self->make_response_promise<void>();
      self->request(echo, caf::infinite, 1)
          .then([state,
                 promise = caf::response_promise{typed}]() mutable { --state->under_way, promise.deliver(caf::unit); },
                [](const caf::error&) {});
      return typed;
    }};
  });
  log.write(lines_of(0, 1000));
  auto follower = spawn_log_follower(births, thread, log.path, sink);
  for (int i = 1000; i < 20000; i += 100) log.write(lines_of(i, i + 100));
  log.write("the end without a newline");
  REQUIRE(state->lines.wait([](const auto& all) { return all.size() == 20000; }));
  caf::anon_send(follower, follower_signal::finish);
  REQUIRE(state->lines.wait([](const auto& all) { return all.size() == 20001; }));
  const auto all = state->lines.all();
  for (int i = 0; i < 20000; ++i) REQUIRE(all[static_cast<size_t>(i)].starts_with(std::to_string(i) + "."));
  CHECK(all.back() == "the end without a newline");
  CHECK(state->most == 1);
  self->wait_for(follower);
  caf::anon_send_exit(sink, caf::exit_reason::kill);
  caf::anon_send_exit(echo, caf::exit_reason::kill);
}
