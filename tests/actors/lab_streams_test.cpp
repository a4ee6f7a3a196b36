#include "tests/actors/lab_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(lab_fixture,
                  "lab: node logs appear with their nodes, under name and container id, and are followed") {
  make();
  order(lab_verb::deploy);
  event(node("n1", node_state::starting));
  const auto id = node("n1").container_id;
  CHECK(directory->streams.contains("/logs/L1/n1"));
  CHECK(directory->streams.contains("/logs/L1/" + id));
  CHECK(directory->streams.contains("/logs/L1/" + id.substr(0, 12)));
  REQUIRE(runtime->followed.size() == 1);
  CHECK(runtime->followed[0].node == "n1");
  commands->finish({node("n1"), node("n2")});
  run();
  CHECK(runtime->followed.size() == 2);
  auto end = order(lab_verb::destroy);
  CHECK(directory->streams.contains("/logs/L1/n1"));
  commands->finish();
  run();
  CHECK(end->done);
  CHECK(directory->streams.size() == 1);
  CHECK(directory->streams.contains("/logs/L1"));
  CHECK(view() == state::inactive);
  CHECK(store->instances.empty());
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a redeploy replaces logs and nodes under the same instance") {
  deployed();
  const auto name = directory->views["L1"].instance;
  const auto old = directory->streams.at("/logs/L1/n1").stream;
  auto end = order(lab_verb::deploy);
  CHECK(commands->commands.back().redeploy);
  CHECK(commands->commands.back().instance.name == name);
  CHECK_FALSE(directory->streams.contains("/logs/L1/n1"));
  commands->finish({node("n1")});
  run();
  CHECK((end->done && !end->error));
  CHECK(directory->streams.at("/logs/L1/n1").stream != old);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a log that fails is opened again") {
  deployed();
  const auto old = directory->streams.at("/logs/L1").stream, old_node = directory->streams.at("/logs/L1/n1").stream;
  const auto followed = runtime->followed.size();
  self->send_exit(old, caf::exit_reason::kill);
  self->send_exit(old_node, caf::exit_reason::kill);
  run();
  CHECK(directory->streams.at("/logs/L1").stream != old);
  CHECK(directory->streams.at("/logs/L1/n1").stream != old_node);
  CHECK(runtime->followed.size() == followed + 1);
  order(lab_verb::stop_node, "n1");
  CHECK(commands->commands.back().log);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a shell is announced once its terminal is attached") {
  deployed();
  auto id = ask<shell_id>(subject, open_shell{"n1", user("bob")});
  REQUIRE(id);
  CHECK(id->value == "shell-1");
  REQUIRE(directory->opened.size() == 1);
  CHECK(directory->opened[0].node == "n1");
  CHECK(directory->opened[0].user_id == "id-bob");
  REQUIRE(runtime->opened.size() == 1);
  CHECK(runtime->opened[0].kind == "linux");
  // The shell has its terminal: typing arrives.
  CHECK(command(directory->shells.at("shell-1"), shell_input{"id-bob", "hostname\n"}) == caf::none);
  CHECK(terminal->written == texts{"hostname\n"});
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a shell that cannot be opened gives its place back and says why") {
  deployed();
  runtime->refuse_terminal = failure(ec::runtime_failed, "no such program: bash");
  CHECK(ask<shell_id>(subject, open_shell{"n1", user("bob")}).error() == ec::runtime_failed);
  CHECK(directory->released == texts{"shell-1"});
  CHECK(directory->opened.empty());
  CHECK(bulletin->notices.empty());
  CHECK(ask<shell_id>(subject, open_shell{"n2", user("bob")}).error() == ec::node_not_running);
  CHECK(ask<shell_id>(subject, open_shell{"n9", user("bob")}).error() == ec::node_not_found);
  directory->shell_limit = 0;
  CHECK(ask<shell_id>(subject, open_shell{"n1", user("bob")}).error() == ec::shell_limit);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: shells end before their node is stopped, and say so") {
  deployed();
  ask<shell_id>(subject, open_shell{"n1", user("bob")});
  const auto before = commands->commands.size();
  auto end = order(lab_verb::stop_node, "n1");
  CHECK(terminal->closes == 1);
  REQUIRE(bulletin->notices.size() == 1);
  CHECK(bulletin->notices[0].message == "node stopped");
  CHECK(directory->released == texts{"shell-1"});
  CHECK(commands->commands.size() == before + 1);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: shells end before the lab is destroyed, and say so") {
  deployed();
  ask<shell_id>(subject, open_shell{"n1", user("bob")});
  order(lab_verb::destroy);
  REQUIRE(bulletin->notices.size() == 1);
  CHECK(bulletin->notices[0].message == "lab destroyed");
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a shell whose node is stopped while it opens is refused, its terminal closed") {
  deployed();
  runtime->hold_terminal = true;
  caf::error refused;
  spawn([&](caf::event_based_actor* me) {
    me->request(subject, caf::infinite, open_shell{"n1", user("bob")})
        .then([](const shell_id&) {}, [&](caf::error& err) { refused = std::move(err); });
  });
  run();
  self->send(subject, lab_command{lab_verb::stop_node, "n1", user("bob"), false});
  runtime->attach(make_terminal(terminal)); // before the lab hears that the shell has ended
  run();
  CHECK(refused == ec::node_not_running);
  CHECK(directory->opened.empty());
  CHECK(terminal->closes == 1);
  CHECK(directory->released == texts{"shell-1"});
}
