#include "tests/transport/store/temp_folder.hpp"
#include "transport/store/sqlite_store.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

using namespace stibium;

namespace {

caf::actor_system_config& config() {
  static caf::actor_system_config cfg;
  return cfg;
}

struct store_fixture {
  store_fixture()
      : system{config()}
      , self{system} {
    births.system = &system;
    store = store::spawn_store(births, 0, store::open_database(folder.path));
  }
  ~store_fixture() { self->send_exit(store, caf::exit_reason::user_shutdown); }

  stored_state load() {
    stored_state out;
    self->request(store, caf::infinite, atom::load_v)
        .receive([&](const stored_state& state) { out = state; }, [](caf::error& err) { FAIL(message_of(err)); });
    return out;
  }

  template <class... Ts>
  std::string save(const Ts&... xs) {
    std::string out = "saved";
    self->request(store, caf::infinite, xs...).receive([] {}, [&](caf::error& err) { out = message_of(err); });
    return out;
  }

  test::temp_folder folder;
  caf::actor_system system;
  caf::scoped_actor self;
  nursery births;
  store_actor store;
};

} // namespace

TEST_CASE_FIXTURE(store_fixture, "store: what is saved is loaded") {
  CHECK(save(atom::save_v, stored_lab{{"L"}, "/p", "n", "c", true}) == "saved");
  CHECK(save(atom::save_v, stored_instance{{{"L"}, "n-1", "/f", "t", "/s"}, lab_state_code::running, {}}) == "saved");
  CHECK(save(atom::save_v, stored_user{{"U", "alice", false, {"g"}}, false}) == "saved");
  uint64_t id = 0;
  self->request(store, caf::infinite, atom::save_v, journal_entry{0, {"L"}, lab_verb::deploy, "", "n-1", {}})
      .receive([&](uint64_t made) { id = made; }, [](caf::error& err) { FAIL(message_of(err)); });
  auto all = load();
  CHECK(all.labs.size() == 1);
  CHECK(all.instances.size() == 1);
  CHECK(all.users.size() == 1);
  REQUIRE(all.journal.size() == 1);
  CHECK(all.journal[0].id == id);
  CHECK(save(atom::erase_v, id) == "saved");
  CHECK(save(atom::erase_v, lab_id{"L"}) == "saved");
  all = load();
  CHECK(all.journal.empty());
  CHECK(all.instances.empty());
  CHECK(all.labs.size() == 1);
}

TEST_CASE_FIXTURE(store_fixture, "store: a failure is an answer, not an end") {
  {
    soci::session other{soci::sqlite3, "db=\"" + (folder / "stibium.db") + "\""};
    other << "DROP TABLE labs";
  }
  CHECK(save(atom::save_v, stored_lab{{"L"}, "/p", "n", "c", true}).find("labs") != std::string::npos);
  self->request(store, caf::infinite, atom::load_v)
      .receive([](const stored_state&) { FAIL("must fail"); },
               [](caf::error& err) { CHECK(err == ec::storage_failed); });
  CHECK(save(atom::save_v, stored_user{{"U", "alice", false, {}}, false}) == "saved");
}
