#include "protocol/antimony/uuid.hpp"
#include "tests/transport/store/temp_folder.hpp"
#include "transport/store/labs_folder.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::store;

namespace {

const std::string good = "name: ping\ntopology:\n  nodes:\n    n1: {kind: linux}\n";

caf::actor_system_config& config() {
  static caf::actor_system_config cfg;
  return cfg;
}

// The test itself stands in for the directory and the bulletin.
struct watch_fixture {
  watch_fixture()
      : system{config()}
      , self{system} {
    births.system = &system;
    std::filesystem::create_directories(folder / "labs");
    const caf::actor me{self};
    labs = spawn_labs_folder(births, 0, {folder / "labs", "root"}, caf::actor_cast<directory_actor>(me),
                             caf::actor_cast<bulletin_actor>(me));
  }
  ~watch_fixture() { self->send_exit(labs, caf::exit_reason::user_shutdown); }

  void look() {
    self->request(labs, caf::infinite, atom::refresh_v).receive([] {}, [](caf::error&) { FAIL("no answer"); });
  }
  void expect_file(const std::string& relative) {
    self->receive([&](const lab_file& file) { CHECK(file.id.value == antimony::lab_uuid(relative)); },
                  caf::after(std::chrono::seconds{20}) >> [] { FAIL("no file was told"); });
  }

  test::temp_folder folder;
  caf::actor_system system;
  caf::scoped_actor self;
  nursery births;
  labs_folder_actor labs;
};

} // namespace

TEST_CASE_FIXTURE(watch_fixture, "labs folder actor: answers a look when all has been sent") {
  folder.write("labs/a.clab.yml", good);
  look();
  expect_file("a.clab.yml");
  folder.write("labs/b.clab.yml", "name: [");
  look();
  self->receive([](const status_message& said) { CHECK(said.level == severity::error); });
  std::filesystem::remove(folder / "labs/a.clab.yml");
  look();
  self->receive([](const lab_file_gone& gone) { CHECK(gone.id.value == antimony::lab_uuid("a.clab.yml")); });
}

TEST_CASE_FIXTURE(watch_fixture, "labs folder actor: sees by itself what appears, in new folders too") {
  look();
  folder.write("labs/a.clab.yml", good);
  expect_file("a.clab.yml");
  folder.write("labs/net1/b.clab.yml", good);
  expect_file("net1/b.clab.yml");
  folder.write("labs/net1/c.clab.yml", good);
  expect_file("net1/c.clab.yml");
  std::filesystem::remove_all(folder / "labs/net1");
  for (int i = 0; i < 2; ++i)
    self->receive([](const lab_file_gone&) {}, caf::after(std::chrono::seconds{20}) >> [] { FAIL("not told"); });
}
