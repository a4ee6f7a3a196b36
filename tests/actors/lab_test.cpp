#include "tests/actors/lab_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(lab_fixture, "lab: a deployment is stored, logged, told, and answered at its end") {
  make();
  CHECK(view() == state::inactive);
  CHECK(directory->streams.empty());
  auto end = order(lab_verb::deploy);
  CHECK_FALSE(end->done);
  REQUIRE(commands->commands.size() == 1);
  const auto& cmd = commands->commands[0];
  CHECK(cmd.verb == lab_verb::deploy);
  CHECK_FALSE(cmd.redeploy);
  CHECK(cmd.instance.folder == "/run/L1");
  CHECK(cmd.instance.name.starts_with("ping-1768"));
  CHECK(cmd.instance.topology == topology_text);
  CHECK(store->journal.size() == 1);
  CHECK(store->instances.at("L1").state == state::deploying);
  CHECK(store->labs.back().deployed_once);
  CHECK(directory->streams.contains("/logs/L1"));
  CHECK(view() == state::deploying);
  CHECK(directory->views["L1"].has_log);
  self->send(cmd.log, log_lines{{"a line of the runtime"}});
  commands->finish({node("n1"), node("n2")});
  run();
  CHECK(end->done);
  CHECK_FALSE(end->error);
  CHECK(view() == state::running);
  CHECK(store->journal.empty());
  CHECK(store->instances.at("L1").state == state::running);
  CHECK(logged("a line of the runtime"));
  CHECK(logged("for bob"));
  CHECK(told(severity::success, "running"));
  CHECK(bulletin->messages.back().about->collection == "net1");
  CHECK(bulletin->updates.size() >= 3);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a failed deployment reaches caller, log and bulletin with its reason") {
  make();
  auto end = order(lab_verb::deploy);
  commands->fail(failure(ec::runtime_failed, "Error: no such image"));
  run();
  CHECK(end->error == ec::runtime_failed);
  CHECK(message_of(end->error) == "Error: no such image");
  CHECK(logged("failed: Error: no such image"));
  CHECK(told(severity::error, "no such image"));
  CHECK(view() == state::failed);
  CHECK(store->instances.at("L1").state == state::failed);
  auto again = order(lab_verb::deploy);
  CHECK(commands->commands.back().redeploy);
  CHECK(spool->resets == 2); // a new log
  commands->finish({node("n1")});
  run();
  CHECK(again->done);
  CHECK_FALSE(again->error);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a second deploy is refused while the first goes on") {
  make();
  order(lab_verb::deploy);
  CHECK(order(lab_verb::deploy)->error == ec::already_deploying);
  CHECK(order(lab_verb::stop_node, "n1")->error == ec::being_deployed);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a destroy cancels the deployment, which is acked as cancelled, then destroys") {
  make();
  auto deploy = order(lab_verb::deploy);
  auto destroy = order(lab_verb::destroy);
  const auto name = directory->views["L1"].instance;
  CHECK(commands->cancelled == texts{name});
  CHECK(deploy->error == ec::cancelled);
  CHECK(message_of(deploy->error).find("bob") != std::string::npos);
  CHECK_FALSE(destroy->done);
  REQUIRE(commands->held.size() == 1);
  CHECK(commands->held[0].what.verb == lab_verb::destroy);
  CHECK(view() == state::stopping);
  CHECK(store->journal.size() == 1);
  auto second = order(lab_verb::destroy);
  commands->finish();
  run();
  CHECK((destroy->done && !destroy->error));
  CHECK((second->done && !second->error));
  CHECK(store->journal.empty());
  CHECK(logged("cancelled"));
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a deployment that ends well while it is cancelled still counts as cancelled") {
  commands->ignore_cancel = true;
  make();
  auto deploy = order(lab_verb::deploy);
  order(lab_verb::destroy);
  CHECK_FALSE(deploy->done);
  commands->finish({node("n1")});
  run();
  CHECK(deploy->error == ec::cancelled);
  CHECK(view() == state::stopping);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a node is stopped and its state told") {
  deployed();
  auto end = order(lab_verb::stop_node, "n1");
  CHECK(commands->commands.back().node == "n1");
  CHECK(store->journal.begin()->second.verb == lab_verb::stop_node);
  commands->finish({node("n1", node_state::exited), node("n2", node_state::exited)});
  run();
  CHECK((end->done && !end->error));
  CHECK(directory->views["L1"].nodes[0].state == node_state::exited);
  CHECK(order(lab_verb::stop_node, "n1")->error == ec::node_not_running);
  CHECK(order(lab_verb::stop_node, "n9")->error == ec::node_not_found);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: what happens to a node is told") {
  deployed();
  const auto updates = bulletin->updates.size();
  event(node("n1", node_state::exited), "node n1 has exited (exit code 1)");
  CHECK(directory->views["L1"].nodes[0].state == node_state::exited);
  CHECK(bulletin->updates.size() == updates + 1);
  CHECK(logged("exit code 1"));
}

TEST_CASE_FIXTURE(lab_fixture,
                  "lab: two labs of one name that are deployed at the same time have different instances") {
  make();
  const auto first = subject;
  file.id = {"L2"};
  make();
  begin(first, lab_command{lab_verb::deploy, "", user("bob"), false});
  order(lab_verb::deploy);
  REQUIRE(commands->commands.size() == 2);
  CHECK(commands->commands[0].instance.name != commands->commands[1].instance.name);
}
