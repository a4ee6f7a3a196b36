#include "tests/actors/lab_machine_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a running instance is taken back") {
  auto out = lab.resume(left(state::running), {{1, {"L1"}, lab_verb::stop_node, "n1", "ping-1", now}}, now);
  CHECK(all<lab_action::adopt>(out).size() == 1);
  command(lab_verb::stop_node, "n1"); // waits for the adoption
  out = lab.adopted(fine(), now);
  CHECK(lab.state() == state::running);
  CHECK(lab.view(now).recovered);
  CHECK(all<lab_action::journal_end>(out).size() == 1);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::stop_node);
  CHECK(position<lab_action::journal_end>(out) < position<lab_action::start>(out));
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: an instance that is gone leaves the lab inactive, and says so") {
  lab.resume(left(state::running), {}, now);
  command(lab_verb::destroy);
  const auto out = lab.adopted(failed(ec::lab_not_running, "unknown"), now);
  CHECK(lab.state() == state::inactive);
  CHECK(settled(out) == texts{"1: lab_not_running"});
  CHECK(all<lab_action::tell>(out).at(0).level == severity::warning);
  CHECK(all<lab_action::erase_instance>(out).size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: an adoption is tried again until the runtime is there") {
  lab.resume(left(state::running), {}, now);
  auto out = lab.adopted(failed(ec::runtime_unavailable, "no docker"), now);
  CHECK(lab.state() == state::failed);
  CHECK(all<lab_action::adopt_later>(out).size() == 1);
  CHECK(all<lab_action::tell>(out).size() == 1);
  CHECK(all<lab_action::adopt>(lab.adopt_again()).size() == 1);
  out = lab.adopted(failed(ec::runtime_unavailable, "no docker"), now);
  CHECK(all<lab_action::tell>(out).empty()); // said once
  lab.adopt_again();
  lab.adopted(fine(), now);
  CHECK(lab.state() == state::running);
  CHECK(lab.adopt_again().empty());
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a deployment cut off by the service's end is cleaned up and failed") {
  auto out = lab.resume(left(state::deploying), {{1, {"L1"}, lab_verb::deploy, "", "ping-1", now}}, now);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::destroy);
  out = ended(fine({}));
  CHECK(lab.state() == state::failed);
  CHECK(all<lab_action::tell>(out).at(0).level == severity::error);
  CHECK(lab.where());
  last = 2;
  CHECK(all<lab_action::start>(command(lab_verb::deploy)).at(0).redeploy);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: who destroys during the clean-up gets a destroyed lab") {
  lab.resume(left(state::deploying), {}, now);
  CHECK(settled(command(lab_verb::destroy)).empty());
  CHECK(settled(ended(fine({}))) == texts{"1: ok"});
  CHECK(lab.state() == state::inactive);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a destroy cut off by the service's end is carried on") {
  const auto out = lab.resume(left(state::running), {{1, {"L1"}, lab_verb::destroy, "", "ping-1", now}}, now);
  CHECK(lab.state() == state::stopping);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::destroy);
  ended(fine({}));
  CHECK(lab.state() == state::inactive);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: only a destroy of this very instance is carried on") {
  const auto destroy = [&](std::string instance, time_point begun) {
    return std::vector<journal_entry>{{1, {"L1"}, lab_verb::destroy, "", std::move(instance), begun}};
  };
  // Entries that stayed because the store failed when they ended.
  for (const auto& stale : {destroy("ping-0", now), destroy("ping-1", now - std::chrono::seconds{1})}) {
    machine_fixture f;
    const auto out = f.lab.resume(left(state::running), stale, now);
    CHECK(f.lab.state() == state::running);
    CHECK(all<lab_action::start>(out).empty());
    CHECK(all<lab_action::adopt>(out).size() == 1);
    CHECK(all<lab_action::journal_end>(f.lab.adopted(fine(), now)).size() == 1);
  }
  lab.resume(left(state::running), destroy("ping-1", now + std::chrono::seconds{1}), now);
  CHECK(lab.state() == state::stopping);
}

TEST_CASE_FIXTURE(machine_fixture,
                  "lab machine: a destroy that fails while the runtime is away does not end the adoption") {
  lab.resume(left(state::running), {}, now);
  lab.adopted(failed(ec::runtime_unavailable, "no docker"), now);
  command(lab_verb::destroy);
  auto out = lab.adopt_again(); // not now, but later
  CHECK(all<lab_action::adopt>(out).empty());
  CHECK(all<lab_action::adopt_later>(out).size() == 1);
  CHECK(settled(ended(failed(ec::runtime_unavailable, "no docker"))) == texts{"1: runtime_unavailable"});
  CHECK(all<lab_action::adopt>(lab.adopt_again()).size() == 1);
  command(lab_verb::destroy); // while it is asked
  out = lab.adopted(failed(ec::runtime_unavailable, "no docker"), now);
  CHECK(all<lab_action::adopt_later>(out).size() == 1);
  CHECK(all<lab_action::start>(out).at(0).verb == lab_verb::destroy);
  ended(failed(ec::runtime_unavailable, "no docker"));
  lab.adopt_again();
  lab.adopted(fine(), now);
  CHECK(lab.state() == state::running);
  CHECK(lab.adopt_again().empty());
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: an adoption that is tried again and again is no news") {
  lab.resume(left(state::running), {}, now);
  CHECK(all<lab_action::publish>(lab.adopted(failed(ec::runtime_unavailable), now)).size() == 1);
  lab.adopt_again();
  CHECK(all<lab_action::publish>(lab.adopted(failed(ec::runtime_unavailable), now)).empty());
  command(lab_verb::destroy);
  ended(fine({}));
  CHECK(lab.adopt_again().empty()); // it is gone
}
