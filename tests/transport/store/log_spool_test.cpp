#include "tests/transport/store/temp_folder.hpp"
#include "transport/store/log_spool.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace stibium;
using namespace stibium::store;

using lines = std::vector<std::string>;

TEST_CASE("spool: lines come back as they were, whatever is in them") {
  test::temp_folder folder;
  const lines in{"plain", "", "a\nb", "back\\slash \\n", "cr\r", std::string{"nul\0x", 5}, "\xFF", "last"};
  {
    spool_file file{folder / "logs/x.log", {}};
    CHECK(file.load().empty());
    file.append({in.begin(), in.begin() + 3});
    file.append({in.begin() + 3, in.end()});
    CHECK(file.load() == in);
  }
  CHECK(spool_file{folder / "logs/x.log", {}}.load() == in);
}

TEST_CASE("spool: escaping has an inverse for all pairs of odd characters") {
  const std::string odd = "\\n\nx\r";
  for (const char a : odd)
    for (const char b : odd)
      for (const char c : odd) {
        const std::string line{a, b, c};
        CHECK(unescape_line(escape_line(line)) == line);
        CHECK(escape_line(line).find('\n') == std::string::npos);
      }
  CHECK(unescape_line("cut\\") == "cut\\");
  CHECK(unescape_line("\\t") == "\\t");
}

TEST_CASE("spool: the newest lines stay, the file stays under twice the bounds") {
  test::temp_folder folder;
  const auto path = folder / "x.log";
  spool_file file{path, {10, 1000000}};
  for (int i = 0; i < 95; ++i) {
    file.append({std::to_string(i)});
    const auto text = folder.read("x.log");
    CHECK(std::count(text.begin(), text.end(), '\n') <= 20);
  }
  const auto got = file.load();
  REQUIRE(got.size() == 10);
  CHECK(got.front() == "85");
  CHECK(got.back() == "94");
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("spool: bytes are bounded too") {
  test::temp_folder folder;
  spool_file file{folder / "x.log", {1000, 100}};
  for (int i = 0; i < 50; ++i) {
    file.append({std::string(30, static_cast<char>('a' + i % 26))});
    CHECK(std::filesystem::file_size(folder / "x.log") <= 200);
  }
  CHECK(file.load().size() == 3);
  file.append({std::string(300, 'x')});
  CHECK(file.load().empty());
  file.append({"after"});
  CHECK(file.load() == lines{"after"});
}

TEST_CASE("spool: a line that a kill cut off stays a line") {
  test::temp_folder folder;
  folder.write("x.log", "one\ntwo\ncut o");
  spool_file file{folder / "x.log", {}};
  CHECK(file.load() == lines{"one", "two", "cut o"});
  file.append({"three"});
  CHECK(file.load() == lines{"one", "two", "cut o", "three"});
}

TEST_CASE("spool: a new log begins empty") {
  test::temp_folder folder;
  spool_file file{folder / "x.log", {}};
  file.append({"old"});
  file.clear();
  CHECK(file.load().empty());
  file.append({"new"});
  CHECK(file.load() == lines{"new"});
}

TEST_CASE("spool: the actor answers failures and goes on") {
  test::temp_folder folder;
  static caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  nursery births;
  births.system = &system;
  caf::scoped_actor self{system};
  const lab_id lab{"4c97337f-9b6f-4672-aed0-32c6af6a7b54"};
  folder.write("logs", "a file where the folder should be");
  const auto spool = spool_maker(births, folder / "logs", {5, 1000})(lab);
  const auto append = [&](const lines& more) {
    bool good = true;
    self->request(spool, caf::infinite, log_lines{more})
        .receive([] {},
                 [&](caf::error& err) {
                   good = false;
                   CHECK(err == ec::storage_failed);
                 });
    return good;
  };
  CHECK_FALSE(append({"lost"}));
  std::filesystem::remove(folder / "logs");
  CHECK(append({"a", "b"}));
  CHECK(std::filesystem::exists(folder / ("logs/" + lab.value + ".log")));
  self->request(spool, caf::infinite, atom::load_v)
      .receive(
          [](const log_lines& got) {
            CHECK(got.lines == lines{"a", "b"});
          },
          [](caf::error&) { FAIL("no answer"); });
  self->request(spool, caf::infinite, atom::reset_v).receive([] {}, [](caf::error&) { FAIL("no answer"); });
  self->request(spool, caf::infinite, atom::load_v)
      .receive([](const log_lines& got) { CHECK(got.lines.empty()); }, [](caf::error&) { FAIL("no answer"); });
  self->send_exit(spool, caf::exit_reason::user_shutdown);
}

TEST_CASE("spool: an id that is no UUID does not choose the file's place") {
  test::temp_folder folder;
  static caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  nursery births;
  births.system = &system;
  caf::scoped_actor self{system};
  const auto spool = spawn_spool(births, 0, folder / "logs", {}, lab_id{"../../evil"});
  self->request(spool, caf::infinite, log_lines{{"x"}}).receive([] {}, [](caf::error& err) { FAIL(message_of(err)); });
  CHECK(std::distance(std::filesystem::directory_iterator{folder / "logs"}, {}) == 1);
  self->send_exit(spool, caf::exit_reason::user_shutdown);
}
