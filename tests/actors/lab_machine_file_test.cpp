#include "tests/actors/lab_machine_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(machine_fixture,
                  "lab machine: a deploy that must not redeploy does nothing on a lab with an instance") {
  bring_to(state::running);
  CHECK(settled(lab.command({lab_verb::deploy, "", {}, true}, 9, now)) == texts{"9: ok"});
  CHECK(lab.state() == state::running);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a lab whose file is gone ends when it is inactive") {
  lab.resume({}, {}, now);
  CHECK(all<lab_action::end>(lab.file_gone()).size() == 1);
  machine_fixture f;
  f.bring_to(state::running);
  CHECK(all<lab_action::end>(f.lab.file_gone()).empty());
  f.command(lab_verb::destroy);
  CHECK(all<lab_action::end>(f.ended(fine({}))).size() == 1);
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a changed file counts from the next deployment on") {
  bring_to(state::running);
  auto changed = file;
  changed.topology = "n7";
  CHECK(all<lab_action::publish>(lab.file_changed(changed)).size() == 1);
  CHECK(lab.view(now).topology == "n1 n2");
  last = 0;
  CHECK(settled(command(lab_verb::stop_node, "n7")) == texts{"1: node_not_found"});
  command(lab_verb::deploy);
  CHECK(lab.view(now).topology == "n7");
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a lab with a start time to come is scheduled") {
  file.start_time = now + std::chrono::hours{1};
  lab.resume({}, {}, now);
  lab.file_changed(file);
  CHECK(lab.view(now).state == state::scheduled);
  CHECK(lab.view(now + std::chrono::hours{2}).state == state::inactive);
}

TEST_CASE_FIXTURE(machine_fixture,
                  "lab machine: a deploy that must not redeploy is refused while the lab is destroyed") {
  bring_to(state::stopping);
  CHECK(settled(lab.command({lab_verb::deploy, "", {}, true}, 9, now)) == texts{"9: being_destroyed"});
}

TEST_CASE_FIXTURE(machine_fixture, "lab machine: a lab that is over does nothing any more") {
  lab.resume({}, {}, now);
  CHECK(all<lab_action::end>(lab.file_gone()).size() == 1);
  for (const bool back : {false, true}) {
    if (back) CHECK(all<lab_action::end>(lab.file_changed(file)).empty());
    const auto out = command(lab_verb::deploy);
    CHECK(settled(out) == texts{std::to_string(last) + ": lab_not_found"});
    CHECK(all<lab_action::start>(out).empty());
  }
  CHECK(settled(command(lab_verb::destroy)) == texts{"3: lab_not_found"});
  CHECK(lab.refuses_shell("n1")->code == ec::lab_not_found);
}
