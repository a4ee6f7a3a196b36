#include "tests/transport/runtime/lab_fixture.hpp"
#include "transport/runtime/containerlab/snapshot.hpp"
#include "transport/runtime/containerlab/work.hpp"
#include "transport/runtime/state_file.hpp"

#include <fstream>
#include <sys/mount.h>

using namespace stibium;
using namespace stibium::containerlab;
using namespace stibium::test;

namespace {

/// A run root on a disk of its own, without room.
struct full_disk : lab_fixture {
  full_disk() { there = ::geteuid() == 0 && ::mount("none", root.c_str(), "tmpfs", 0, "size=64k") == 0; }
  ~full_disk() {
    if (there) ::umount2(root.c_str(), MNT_DETACH);
  }
  void fill() const {
    std::ofstream out{root / "filler", std::ios::binary};
    out << std::string(1024 * 1024, 'x') << std::flush;
  }
  bool there = false;
};

} // namespace

TEST_CASE_FIXTURE(full_disk, "containerlab: a topology that cannot be written leaves what was there before") {
  if (!there) return; // mounts are not allowed here
  const auto where = place("ping-1", ping_topology);
  const instance_files files{where.folder, where.name};
  REQUIRE_FALSE(write_topology(where));
  const auto before = runtime::read_file(files.topology());
  auto more = where;
  more.topology += "# " + std::string(5000, 'x') + "\n";
  fill();
  CHECK(write_topology(more) == ec::runtime_failed);
  CHECK(runtime::read_file(files.topology()) == before);
  auto fresh = place("fresh-1", ping_topology);
  CHECK(write_topology(fresh) == ec::runtime_failed);
  CHECK_FALSE(std::filesystem::exists(fresh.folder));
}

TEST_CASE_FIXTURE(full_disk, "containerlab: a memory that cannot be written leaves the one before") {
  if (!there) return;
  const instance_files files{root, "ping-1"};
  const lab_memory before{{"n1", {"c1", "t1"}}};
  REQUIRE(save_memory(files, before));
  fill();
  auto after = before;
  after["n1"].container_id = std::string(9000, 'x');
  CHECK_FALSE(save_memory(files, after));
  CHECK(load_memory(files).at("n1").container_id == "c1");
  CHECK_FALSE(std::filesystem::exists(files.memory() + ".new"));
}

TEST_CASE_FIXTURE(lab_fixture, "containerlab: a flood of lines waits for the log") {
  std::atomic<size_t> taken = 0, sent = 0, most = 0;
  const auto sink = system.spawn([&](log_sink_actor::pointer) -> log_sink_actor::behavior_type {
    return {[&](const log_lines& some) {
      most = std::max<size_t>(most, sent - taken);
      taken += some.lines.size();
    }};
  });
  const auto line = log_to(sink);
  const std::string text(1000, 'x');
  for (int i = 0; i < 20'000; ++i) {
    ++sent;
    line(text);
  }
  ears.push_back(caf::actor_cast<caf::actor>(sink));
  CHECK(most <= 600); // 256 KiB, and those that are counted before they are sent
}
