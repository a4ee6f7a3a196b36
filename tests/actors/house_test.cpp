#include "actors/directory.hpp"
#include "actors/guardian.hpp"
#include "actors/lab.hpp"
#include "actors/orphans.hpp"
#include "actors/scheduler.hpp"
#include "actors/supervisor.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

/// The real house under its guardian; store, accounts, bulletin and runtime are stand-ins that keep their records when
/// the house is built a second time.
struct house_fixture : actor_fixture {
  house_fixture() {
    runtime->hold = true;
    file.id = {"L1"}, file.name = "ping", file.path = "/labs/ping.clab.yml", file.creator_id = "id-alice";
    file.collection = "net1";
    file.topology = "name: ping\ntopology:\n  nodes:\n    n1:\n      kind: linux\n";
    build();
  }

  void build() {
    blueprint plan;
    plan.ground.births = world.births;
    plan.ground.now = world.now;
    plan.ground.run_folder = world.run_folder;
    plan.ground.make_spool = world.make_spool;
    plan.store = [this](const house&) { return make_store(); };
    plan.accounts = [this](const house&, const stored_state&) { return make_accounts(); };
    plan.bulletin = [this](const house&) { return make_bulletin(); };
    plan.runtime = [this](const house&) { return make_runtime(); };
    plan.supervisor = [](const house& so_far) -> supervisor_actor {
      return stibium::spawn(so_far.births, placement::pool(), {"supervisor", "", "", 0}, supervisor,
                            supervisor_setup{so_far.runtime, so_far.bulletin, so_far.bounds});
    };
    plan.scheduler = [](const house& so_far) -> scheduler_actor {
      return stibium::spawn(so_far.births, placement::pool(), {"scheduler", "", "", 0}, scheduler,
                            scheduler_setup{so_far.now});
    };
    plan.directory = [](const house& so_far, const stored_state& stored) -> directory_actor {
      const auto make_lab = [births = so_far.births](lab_setup setup) -> lab_actor {
        return stibium::spawn(births, placement::pool(), {"lab", setup.file.name, "", 0}, lab, std::move(setup));
      };
      return stibium::spawn(so_far.births, placement::pool(), {"directory", "", "", 0}, stibium::directory,
                            directory_setup{so_far, stored, make_lab});
    };
    plan.orphans = [](const house& so_far) -> orphans_actor {
      return stibium::spawn(so_far.births, placement::pool(), {"orphans", "", "", 0}, orphans, orphans_setup{so_far});
    };
    keeper = actor_fixture::spawn(guardian, std::move(plan));
    auto complete = ask<house>(keeper, atom::wanted_v);
    REQUIRE(complete);
    built = *complete;
    command(built.directory, file);
  }

  lab_actor find_lab() {
    auto found = ask<lab_ref>(built.directory, atom::lookup_v, lab_id{"L1"}, admin());
    REQUIRE(found);
    return found->lab;
  }
  lab_view view() {
    auto found = ask<lab_view>(built.directory, atom::describe_v, lab_id{"L1"}, admin());
    REQUIRE(found);
    return *found;
  }
  bool has(const std::string& nsp) {
    return static_cast<bool>(ask<stream_ref>(built.directory, atom::find_v, nsp, admin()));
  }
  std::shared_ptr<ending> order(lab_verb verb) { return begin(find_lab(), lab_command{verb, "", admin(), false}); }
  void shut() {
    auto end = begin(keeper, atom::shut_v);
    advance(20ms); // it looks whether the labs have ended
    REQUIRE((end->done && !end->error));
    built = {};
  }
  ~house_fixture() { built = {}; }

  lab_file file;
  guardian_actor keeper;
  house built;
};

} // namespace

TEST_CASE_FIXTURE(house_fixture, "house: a lab runs, the service ends and starts again, and the lab runs still") {
  auto end = order(lab_verb::deploy);
  runtime->finish({node("n1")});
  run();
  REQUIRE((end->done && !end->error));
  CHECK(has("/logs/L1"));
  CHECK(has("/logs/L1/n1"));
  const auto instance = view().instance;
  const auto given = runtime->commands.size();
  shut();
  CHECK(runtime->commands.size() == given); // nothing was destroyed
  runtime->instances = {{instance, {node("n1")}}};
  build();
  CHECK(view().state == lab_state_code::running);
  CHECK(view().recovered);
  CHECK(view().instance == instance);
  CHECK(has("/logs/L1/n1"));
  end = order(lab_verb::destroy);
  runtime->finish();
  run();
  CHECK((end->done && !end->error));
  CHECK(view().state == lab_state_code::inactive);
  CHECK(has("/logs/L1"));
  CHECK_FALSE(has("/logs/L1/n1"));
  shut();
}

TEST_CASE_FIXTURE(house_fixture, "house: a service that ends during a deployment cleans up at its next start") {
  auto end = order(lab_verb::deploy);
  shut();
  CHECK(end->error == ec::shutting_down);
  CHECK(store->journal.size() == 1);
  runtime->held.clear();
  build();
  REQUIRE(runtime->held.size() == 1);
  CHECK(runtime->held[0].what.verb == lab_verb::destroy);
  runtime->finish();
  run();
  CHECK(view().state == lab_state_code::failed);
  CHECK(store->journal.empty());
  CHECK(has("/logs/L1"));
  shut();
}

TEST_CASE_FIXTURE(house_fixture, "house: a lab that fails is made again with what it had; its caller is told") {
  order(lab_verb::deploy);
  runtime->finish({node("n1")});
  run();
  runtime->instances = {{view().instance, {node("n1")}}};
  auto end = order(lab_verb::destroy);
  self->send_exit(find_lab(), caf::exit_reason::kill);
  run();
  CHECK(end->error == ec::internal);
  REQUIRE(runtime->held.size() == 1); // the destroy is carried on
  CHECK(runtime->held[0].what.verb == lab_verb::destroy);
  runtime->finish();
  run();
  CHECK(view().state == lab_state_code::inactive);
  CHECK(store->journal.empty());
  shut();
}

TEST_CASE_FIXTURE(house_fixture, "house: a lab goes with its file, once it is destroyed") {
  order(lab_verb::deploy);
  runtime->finish({node("n1")});
  run();
  command(built.directory, lab_file_gone{{"L1"}});
  CHECK(view().state == lab_state_code::running);
  order(lab_verb::destroy);
  runtime->finish();
  run();
  CHECK(ask<lab_view>(built.directory, atom::describe_v, lab_id{"L1"}, admin()).error() == ec::lab_not_found);
  CHECK_FALSE(has("/logs/L1"));
  shut();
}

TEST_CASE_FIXTURE(house_fixture, "house: a lab with times is deployed and destroyed by the scheduler") {
  file.start_time = now() + 1h, file.end_time = now() + 2h;
  command(built.directory, file);
  CHECK(view().state == lab_state_code::scheduled);
  advance(61min);
  REQUIRE(runtime->held.size() == 1);
  runtime->finish({node("n1")});
  run();
  CHECK(view().state == lab_state_code::running);
  advance(60min);
  REQUIRE(runtime->held.size() == 1);
  CHECK(runtime->held[0].what.verb == lab_verb::destroy);
  runtime->finish();
  run();
  CHECK(view().state == lab_state_code::inactive);
  shut();
}

TEST_CASE_FIXTURE(house_fixture, "house: what ends while the service is down ends at its next start") {
  file.end_time = now() + 1h;
  command(built.directory, file);
  order(lab_verb::deploy);
  runtime->finish({node("n1")});
  run();
  runtime->instances = {{view().instance, {node("n1")}}};
  shut();
  advance(2h);
  build();
  REQUIRE(runtime->held.size() == 1);
  CHECK(runtime->held[0].what.verb == lab_verb::destroy);
  runtime->finish();
  run();
  CHECK(view().state == lab_state_code::inactive);
  shut();
}
