#include "actors/guardian.hpp"
#include "actors/orphans.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

/// A house of the fixture's stand-ins; the guardian is the one who ends them.
struct guardian_fixture : actor_fixture {
  guardian_fixture() {
    plan.ground.births = world.births;
    plan.store = [this](const house&) { return note("store", world.store); };
    plan.accounts = [this](const house& so_far, const stored_state& stored) {
      CHECK(so_far.store);
      labs_loaded = stored.labs.size();
      return note("accounts", world.accounts);
    };
    plan.bulletin = [this](const house&) { return note("bulletin", world.bulletin); };
    plan.runtime = [this](const house&) { return note("runtime", world.runtime); };
    plan.supervisor = [this](const house& so_far) {
      CHECK(so_far.runtime);
      return note("supervisor", world.supervisor);
    };
    plan.scheduler = [this](const house&) { return note("scheduler", world.scheduler); };
    plan.directory = [this](const house& so_far, const stored_state&) {
      CHECK(so_far.scheduler);
      return note("directory", world.directory);
    };
    plan.orphans = [this](const house& so_far) {
      CHECK(so_far.directory);
      return note("orphans", actor_fixture::spawn(orphans, orphans_setup{so_far}));
    };
  }

  template <class Handle>
  Handle note(const std::string& what, Handle who) {
    started.push_back(what);
    who->attach_functor([list = ended_, what] { list->push_back(what); });
    return who;
  }
  void start() {
    subject = actor_fixture::spawn(guardian, plan);
    self->monitor(subject);
    run();
  }
  /// The guardian's reason, when it has ended.
  std::optional<caf::error> end() {
    std::optional<caf::error> result;
    if (self->has_next_message()) self->receive([&](const caf::down_msg& msg) { result = msg.reason; });
    return result;
  }

  blueprint plan;
  guardian_actor subject;
  std::vector<std::string> started;
  const std::vector<std::string>& ended() const { return *ended_; }
  size_t labs_loaded = 0;

private:
  // Some end only with the fixture, when its members are gone.
  std::shared_ptr<std::vector<std::string>> ended_ = std::make_shared<std::vector<std::string>>();
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(guardian_fixture,
                  "guardian: the house is built in order, with what the store holds, and handed out") {
  store->state.labs.resize(3);
  start();
  auto complete = ask<house>(subject, atom::wanted_v);
  REQUIRE(complete);
  CHECK(complete->directory == world.directory);
  CHECK(complete->store == world.store);
  CHECK(started ==
        texts{"store", "accounts", "bulletin", "runtime", "supervisor", "scheduler", "directory", "orphans"});
  CHECK(labs_loaded == 3);
}

TEST_CASE_FIXTURE(guardian_fixture, "guardian: a shutdown ends everyone in order, the store last") {
  start();
  CHECK(command(subject, atom::shut_v) == caf::none);
  CHECK(ended() ==
        texts{"scheduler", "orphans", "directory", "supervisor", "runtime", "bulletin", "accounts", "store"});
  const auto reason = end();
  REQUIRE(reason);
  CHECK_FALSE(*reason);
}

TEST_CASE_FIXTURE(guardian_fixture, "guardian: it waits for labs to end, but not for ever") {
  auto lab = stibium::spawn(world.births, placement::pool(), {"lab", "slow", "", 0},
                            [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
  end_with_test(lab);
  start();
  self->anon_send(subject, atom::shut_v);
  run();
  CHECK(ended() == texts{"scheduler", "orphans", "directory"});
  for (int i = 0; i < 100; ++i) advance(20ms);
  CHECK(ended().size() == started.size());
}

TEST_CASE_FIXTURE(guardian_fixture,
                  "guardian: when one of the house ends, the rest is taken down and the reason told") {
  start();
  self->send_exit(world.runtime, caf::exit_reason::kill);
  run();
  CHECK(ended().front() == "runtime");
  CHECK(ended().back() == "store");
  CHECK(ended().size() == started.size());
  REQUIRE(!bulletin->messages.empty());
  CHECK(bulletin->messages.back().level == severity::fatal);
  const auto reason = end();
  REQUIRE(reason);
  CHECK(*reason == ec::internal);
  CHECK(message_of(*reason).find("the runtime has ended") != std::string::npos);
}

TEST_CASE_FIXTURE(guardian_fixture, "guardian: without its store it does not start, and says why") {
  store->broken = true;
  start();
  CHECK(started == texts{"store"});
  CHECK(ended() == texts{"store"});
  const auto reason = end();
  REQUIRE(reason);
  CHECK(message_of(*reason).find("disk full") != std::string::npos);
}

TEST_CASE_FIXTURE(guardian_fixture, "guardian: a factory that throws ends the start with its text") {
  plan.runtime = [](const house&) -> runtime_actor { throw std::runtime_error("no such runtime"); };
  start();
  CHECK(ended() == texts{"bulletin", "accounts", "store"});
  const auto reason = end();
  REQUIRE(reason);
  CHECK(message_of(*reason).find("no such runtime") != std::string::npos);
}

TEST_CASE_FIXTURE(guardian_fixture, "guardian: who waits for a house that never stands is told") {
  plan.store = [](const house&) -> store_actor { throw std::runtime_error("data folder is locked"); };
  subject = actor_fixture::spawn(guardian, plan);
  const auto complete = ask<house>(subject, atom::wanted_v);
  CHECK_FALSE(complete);
}
