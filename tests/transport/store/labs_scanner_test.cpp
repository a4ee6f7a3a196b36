#include "protocol/antimony/time_text.hpp"
#include "protocol/antimony/uuid.hpp"
#include "tests/transport/store/temp_folder.hpp"
#include "transport/store/folder_watch.hpp"
#include "transport/store/labs_scanner.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::store;

namespace {

const std::string good = "name: ping\ntopology:\n  nodes:\n    n1: {kind: linux}\n";
const std::string broken = "name: ping\ntopology:\n  nodes:\n    n1:\n";

struct scan_fixture {
  scan_fixture()
      : scanner{{folder / "labs", "root"}} {
    std::filesystem::create_directories(folder / "labs");
  }

  // What a look brings, by kind.
  void look() {
    files.clear();
    gone.clear();
    said.clear();
    for (const auto& change : scanner.scan()) {
      if (const auto* file = std::get_if<lab_file>(&change)) files.push_back(*file);
      if (const auto* id = std::get_if<lab_file_gone>(&change)) gone.push_back(id->id.value);
      if (const auto* message = std::get_if<status_message>(&change)) said.push_back(*message);
    }
  }
  bool silent() const { return files.empty() && gone.empty() && said.empty(); }

  test::temp_folder folder;
  labs_scanner scanner;
  std::vector<lab_file> files;
  std::vector<std::string> gone;
  std::vector<status_message> said;
};

} // namespace

TEST_CASE_FIXTURE(scan_fixture, "labs folder: files at the top and in collections become labs with stable ids") {
  folder.write("labs/ping.clab.yml", good);
  folder.write("labs/net1/b.clab.yaml", good);
  folder.write("labs/net1/collection.yml",
               "creator: alice\npublicDeploy: true\nschedule: {b.clab.yaml: {startTime: 2024-05-01T08:00Z}}\n");
  folder.write("labs/net1/deep/c.clab.yml", good);
  folder.write("labs/.hidden.clab.yml", good);
  folder.write("labs/.git/x.clab.yml", good);
  folder.write("labs/notes.yml", good);
  folder.write("labs/empty/readme", "x");
  look();
  CHECK(said.empty());
  REQUIRE(files.size() == 2);
  CHECK(files[0].id.value == antimony::lab_uuid("net1/b.clab.yaml"));
  CHECK(files[0].path == folder / "labs/net1/b.clab.yaml");
  CHECK(files[0].collection == "net1");
  CHECK(files[0].collection_id == antimony::collection_uuid("net1"));
  CHECK(files[0].creator_name == "alice");
  CHECK(files[0].creator_id == antimony::user_uuid("alice"));
  CHECK(files[0].public_deploy);
  REQUIRE(files[0].start_time);
  CHECK(antimony::iso8601(*files[0].start_time) == "2024-05-01T08:00:00.000Z");
  CHECK_FALSE(files[0].end_time);
  CHECK(files[1].id.value == antimony::lab_uuid("ping.clab.yml"));
  CHECK(files[1].name == "ping");
  CHECK(files[1].topology == good);
  CHECK(files[1].collection == "default");
  CHECK(files[1].creator_name == "root");
  CHECK_FALSE(files[1].public_deploy);
  look();
  CHECK(silent());
  CHECK(scanner.folders().size() == 3);
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: new, changed and removed files are told once") {
  look();
  CHECK(silent());
  folder.write("labs/a.clab.yml", good);
  look();
  CHECK(files.size() == 1);
  folder.write("labs/a.clab.yml", good + "    n2: {kind: linux}\n");
  look();
  REQUIRE(files.size() == 1);
  CHECK(files[0].topology.find("n2") != std::string::npos);
  folder.write("labs/a.clab.yml.tmp", good); // as editors do
  std::filesystem::rename(folder / "labs/a.clab.yml.tmp", folder / "labs/a.clab.yml");
  look();
  REQUIRE(files.size() == 1);
  CHECK(files[0].topology == good);
  std::filesystem::remove(folder / "labs/a.clab.yml");
  look();
  CHECK(files.empty());
  CHECK(gone == std::vector<std::string>{antimony::lab_uuid("a.clab.yml")});
  look();
  CHECK(silent());
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: a change within the same moment and of the same size is seen") {
  std::string text = good;
  folder.write("labs/a.clab.yml", text);
  look();
  text[6] = 'x';
  folder.write("labs/a.clab.yml", text);
  look();
  REQUIRE(files.size() == 1);
  CHECK(files[0].name == "xing");
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: a broken file is told with its line, once, and when it is mended") {
  folder.write("labs/net1/a.clab.yml", broken);
  look();
  CHECK(files.empty());
  REQUIRE(said.size() == 1);
  CHECK(said[0].source == "labs folder");
  CHECK(said[0].level == severity::error);
  CHECK(said[0].content.find("net1/a.clab.yml, line 4, column 5: node \"n1\" has no kind") == 0);
  CHECK(said[0].content.find("there is no lab until") != std::string::npos);
  REQUIRE(said[0].about);
  CHECK(said[0].about->collection == "net1");
  CHECK(said[0].about->creator_id == antimony::user_uuid("root"));
  look();
  CHECK(silent());
  folder.write("labs/net1/a.clab.yml", good);
  look();
  CHECK(files.size() == 1);
  REQUIRE(said.size() == 1);
  CHECK(said[0].level == severity::success);
  folder.write("labs/net1/a.clab.yml", "name: [");
  look();
  CHECK(files.empty());
  CHECK(gone.empty());
  REQUIRE(said.size() == 1);
  CHECK(said[0].content.find("the lab keeps its last topology") != std::string::npos);
  std::filesystem::remove_all(folder / "labs/net1");
  look();
  CHECK(gone.size() == 1);
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: all problems of a file are in the log content") {
  folder.write("labs/a.clab.yml", "topology:\n  nodes:\n    n1:\n    n2:\n");
  look();
  REQUIRE(said.size() == 1);
  CHECK(said[0].content.find("(and 2 more)") != std::string::npos);
  CHECK(std::count(said[0].log_content.begin(), said[0].log_content.end(), '\n') == 3);
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: what is doubtful is a warning beside the lab") {
  folder.write("labs/a.clab.yml", "nmae: x\n" + good);
  look();
  CHECK(files.size() == 1);
  REQUIRE(said.size() == 1);
  CHECK(said[0].level == severity::warning);
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: a changed collection.yml changes its labs") {
  folder.write("labs/net1/a.clab.yml", good);
  folder.write("labs/net1/b.clab.yml", good);
  folder.write("labs/c.clab.yml", good);
  look();
  REQUIRE(files.size() == 3);
  folder.write("labs/net1/collection.yml", "creator: bob\n");
  look();
  REQUIRE(files.size() == 2);
  CHECK(files[0].creator_name == "bob");
  CHECK(files[0].topology == good);
  folder.write("labs/net1/collection.yml", "creator: [bob]\n");
  look();
  REQUIRE(files.size() == 2);
  CHECK(files[1].creator_name == "root");
  REQUIRE(said.size() == 1);
  CHECK(said[0].content.find("net1/collection.yml, line 1, column 10: creator must be a text") == 0);
  look();
  CHECK(silent());
  std::filesystem::remove(folder / "labs/net1/collection.yml");
  look();
  CHECK(silent());
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: one that cannot be read keeps its labs and says so once") {
  folder.write("labs/a.clab.yml", good);
  look();
  std::filesystem::rename(folder / "labs", folder / "away");
  look();
  CHECK(gone.empty());
  REQUIRE(said.size() == 1);
  CHECK(said[0].content.find(folder / "labs") == 0);
  CHECK(said[0].content.find("its labs stay as they are") != std::string::npos);
  look();
  CHECK(silent());
  std::filesystem::rename(folder / "away", folder / "labs");
  look();
  CHECK(silent());
}

TEST_CASE_FIXTURE(scan_fixture, "labs folder: too large a file is refused, not read whole") {
  folder.write("labs/a.clab.yml", good + "#" + std::string(2 * 1024 * 1024, 'x'));
  look();
  CHECK(files.empty());
  REQUIRE(said.size() == 1);
  CHECK(said[0].content.find("larger than") != std::string::npos);
}

TEST_CASE("folder watch: what happens in a folder is noticed once") {
  test::temp_folder folder;
  folder.write("sub/x", "1");
  folder_watch watch;
  CHECK_FALSE(watch.changed());
  watch.add({folder.path, folder / "sub"});
  CHECK(watch.complete());
  CHECK_FALSE(watch.changed());
  folder.write("new", "1");
  CHECK(watch.changed());
  CHECK_FALSE(watch.changed());
  folder.write("sub/x", "2");
  CHECK(watch.changed());
  std::filesystem::rename(folder / "new", folder / "newer");
  CHECK(watch.changed());
  std::filesystem::remove(folder / "newer");
  CHECK(watch.changed());
  watch.add({folder.path, folder / "missing"});
  CHECK_FALSE(watch.complete());
  watch.add({folder.path});
  CHECK(watch.complete());
}
