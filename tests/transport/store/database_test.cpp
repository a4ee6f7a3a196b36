#include "tests/transport/store/temp_folder.hpp"
#include "transport/store/database.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace stibium;
using namespace stibium::store;
using namespace std::chrono_literals;

namespace {

const time_point noon{1714557600123456us};

std::string why_not(const std::string& folder) {
  try {
    database data{folder};
    return "opened";
  } catch (const storage_error& err) {
    return err.what();
  }
}

} // namespace

TEST_CASE("database: all comes back after a reopening, the last save counts") {
  test::temp_folder folder;
  {
    database data{folder / "a b/deeper"};
    data.save(stored_lab{{"L1"}, "/x/ping.clab.yml", "ping", "default", false});
    data.save(stored_lab{{"L1"}, "/y/ping.clab.yml", "ping2", "net1", true});
    data.save(
        stored_instance{{{"L1"}, "ping-1", "/run/L1", "name: \"ping\"\n", "/y"}, lab_state_code::deploying, noon});
    data.save(
        stored_instance{{{"L1"}, "ping-1", "/run/L1", "name: 'ping'\n", "/y"}, lab_state_code::running, noon + 1s});
    data.save(stored_instance{{{"L2"}, "x-1", "/run/L2", "", "/z"}, lab_state_code::failed, noon});
    data.save(stored_user{{"U1", "alice", false, {"old", "older"}}, false});
    data.save(stored_user{{"U1", "alice", true, {"net2", "net1", "o'hara"}}, false});
    data.save(stored_user{{"U2", "bob", false, {}}, true});
  }
  database data{folder / "a b/deeper"};
  auto all = data.load();
  REQUIRE(all.labs.size() == 1);
  CHECK(all.labs[0].name == "ping2");
  CHECK(all.labs[0].path == "/y/ping.clab.yml");
  CHECK(all.labs[0].collection == "net1");
  CHECK(all.labs[0].deployed_once);
  REQUIRE(all.instances.size() == 2);
  CHECK(all.instances[0].where.lab.value == "L1");
  CHECK(all.instances[0].where.name == "ping-1");
  CHECK(all.instances[0].where.folder == "/run/L1");
  CHECK(all.instances[0].where.topology == "name: 'ping'\n");
  CHECK(all.instances[0].where.source == "/y");
  CHECK(all.instances[0].state == lab_state_code::running);
  CHECK(all.instances[0].since == noon + 1s);
  REQUIRE(all.users.size() == 2);
  CHECK(all.users[0].who.is_admin);
  CHECK(all.users[0].who.groups == std::vector<std::string>{"net2", "net1", "o'hara"});
  CHECK(all.users[1].who.groups.empty());
  CHECK(all.users[1].native);
  data.erase_instance({"L1"});
  data.erase_instance({"unknown"});
  all = data.load();
  REQUIRE(all.instances.size() == 1);
  CHECK(all.instances[0].where.lab.value == "L2");
}

TEST_CASE("database: journal entries get ids that are never used twice") {
  test::temp_folder folder;
  database data{folder.path};
  journal_entry entry{0, {"L1"}, lab_verb::stop_node, "n1", "ping-1", noon};
  const auto first = data.save(entry);
  CHECK(first != 0);
  data.erase_journal(first);
  const auto second = data.save(entry);
  CHECK(second > first);
  entry.id = second;
  entry.verb = lab_verb::destroy;
  CHECK(data.save(entry) == second);
  const auto all = data.load();
  REQUIRE(all.journal.size() == 1);
  CHECK(all.journal[0].id == second);
  CHECK(all.journal[0].verb == lab_verb::destroy);
  CHECK(all.journal[0].node == "n1");
  CHECK(all.journal[0].instance == "ping-1");
  CHECK(all.journal[0].begun == noon);
}

TEST_CASE("database: a file that is no database is refused and left alone") {
  test::temp_folder folder;
  const std::string rubbish = "this is not a database, but long enough to look like something" + std::string(4096, 'x');
  folder.write("stibium.db", rubbish);
  const auto why = why_not(folder.path);
  CHECK(why.find(folder / "stibium.db") == 0);
  CHECK(why.find("Move it away") != std::string::npos);
  CHECK(folder.read("stibium.db") == rubbish);
}

TEST_CASE("database: a damaged database is refused") {
  test::temp_folder folder;
  {
    database data{folder.path};
    for (int i = 0; i < 500; ++i) data.save(stored_lab{{std::to_string(i)}, std::string(200, 'p'), "n", "c", false});
  }
  auto bytes = folder.read("stibium.db");
  for (size_t i = 4096; i + 4096 < bytes.size(); i += 512) bytes[i] = static_cast<char>(bytes[i] + 77);
  folder.write("stibium.db", bytes);
  CHECK(why_not(folder.path).find("cannot be used") != std::string::npos);
}

TEST_CASE("database: one from the future is refused") {
  test::temp_folder folder;
  { database data{folder.path}; }
  auto bytes = folder.read("stibium.db");
  bytes[63] = 99; // user_version: big endian at offset 60
  folder.write("stibium.db", bytes);
  CHECK(why_not(folder.path).find("newer version") != std::string::npos);
}

TEST_CASE("database: a folder that cannot be made is named") {
  test::temp_folder folder;
  folder.write("file", "x");
  CHECK(why_not(folder / "file/sub").find(folder / "file/sub") != std::string::npos);
}
