#include "actors/scheduler.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

struct scheduler_fixture : actor_fixture {
  scheduler_fixture() {
    subject = actor_fixture::spawn(scheduler, scheduler_setup{world.now});
    lab = make_lab();
    run();
  }

  lab_actor make_lab() {
    return actor_fixture::spawn([this](lab_actor::pointer) -> lab_actor::behavior_type {
      return {[this](const lab_command& cmd) -> caf::result<void> {
                orders.push_back(to_string(cmd.verb));
                last = cmd;
                if (refuse) return refuse;
                return caf::unit;
              },
              [](const open_shell&) { return shell_id{}; }, [](const node_event&) {}, [](const lab_file&) {},
              [](const lab_file_gone&) {}};
    });
  }
  void set(std::optional<time_point> start, std::optional<time_point> end) {
    REQUIRE(command(subject, lab_schedule{{"L1"}, start, end, lab}) == caf::none);
  }

  scheduler_actor subject;
  lab_actor lab;
  std::vector<std::string> orders;
  lab_command last;
  caf::error refuse;
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: a lab is deployed at its start and destroyed at its end") {
  set(now() + 1h, now() + 3h);
  advance(59min);
  CHECK(orders.empty());
  advance(2min);
  CHECK(orders == texts{"deploy"});
  CHECK(last.unless_deployed);
  CHECK(last.user.is_admin);
  advance(118min);
  CHECK(orders == texts{"deploy"});
  advance(2min);
  CHECK(orders == texts{"deploy", "destroy"});
  advance(24h);
  CHECK(orders.size() == 2);
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: times that have passed are now") {
  set(now() - 1h, {});
  CHECK(orders == texts{"deploy"});
  set({}, now() - 1h);
  CHECK(orders == texts{"deploy", "destroy"});
  orders.clear();
  set(now() - 2h, now() - 1h);
  CHECK(orders == texts{"destroy"}); // not deployed first
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: a later schedule replaces the earlier one, cancel forgets it") {
  set(now() + 1h, {});
  set(now() + 2h, {});
  advance(90min);
  CHECK(orders.empty());
  REQUIRE(command(subject, atom::cancel_v, lab_id{"L1"}) == caf::none);
  advance(2h);
  CHECK(orders.empty());
  set(now() + 1h, {});
  set({}, {});
  advance(2h);
  CHECK(orders.empty());
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: a start that meets a lab being destroyed is tried again") {
  refuse = failure(ec::being_destroyed, "the lab is being destroyed");
  set(now(), now() + 1h);
  CHECK(orders == texts{"deploy"});
  advance(10s);
  CHECK(orders == texts{"deploy", "deploy"});
  refuse = {};
  advance(10s);
  CHECK(orders.size() == 3);
  advance(30s);
  CHECK(orders.size() == 3);
  advance(1h);
  CHECK(orders.back() == "destroy");
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: other refusals are the lab's to tell") {
  refuse = failure(ec::already_deploying, "it is");
  set(now(), {});
  advance(1h);
  CHECK(orders == texts{"deploy"});
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: a lab that has ended is forgotten; the one after it counts") {
  set(now() + 1h, {});
  self->send_exit(lab, caf::exit_reason::kill);
  run();
  lab = make_lab();
  set(now() + 2h, {});
  advance(90min);
  CHECK(orders.empty());
  advance(31min);
  CHECK(orders == texts{"deploy"});
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: a start that is to be tried again outlives the lab's next schedule") {
  refuse = failure(ec::being_destroyed, "the lab is being destroyed");
  set(now(), now() + 1h);
  set({}, now() + 1h); // the lab is destroyed: its start has passed
  refuse = {};
  advance(10s);
  CHECK(orders == texts{"deploy", "deploy"});
  advance(1h);
  CHECK(orders == texts{"deploy", "deploy", "destroy"});
  refuse = failure(ec::being_destroyed, "the lab is being destroyed");
  set(now(), {});
  set({}, {});
  refuse = {};
  advance(10s);
  CHECK(orders.size() == 5);
  refuse = failure(ec::being_destroyed, "the lab is being destroyed");
  set(now(), {});
  CHECK(command(subject, atom::cancel_v, lab_id{"L1"}) == caf::none);
  advance(1h);
  CHECK(orders.size() == 6); // it is over
}

TEST_CASE_FIXTURE(scheduler_fixture, "scheduler: a start is not tried again after the end") {
  refuse = failure(ec::being_destroyed, "the lab is being destroyed");
  set(now(), now() + 5s);
  CHECK(orders == texts{"deploy"});
  advance(5s);
  CHECK(orders == texts{"deploy", "destroy"});
  advance(1h);
  CHECK(orders.size() == 2);
}
