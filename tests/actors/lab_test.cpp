#include "actors/lab.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;
using state = lab_state_code;

struct lab_fixture : actor_fixture {
  lab_fixture() {
    file = {{"L1"}, "/labs/ping.clab.yml", "ping", "net1", "c1", "id-alice", "alice", false, topology_text, {}, {}};
    commands->hold = true;
  }

  void make(std::optional<stored_instance> left = {}, std::vector<journal_entry> cut_off = {}) {
    lab_setup setup{world, file, left.has_value(), left, std::move(cut_off)};
    subject = actor_fixture::spawn(lab, std::move(setup));
    run();
  }
  void deployed() {
    make();
    order(lab_verb::deploy);
    commands->finish({node("n1"), node("n2", node_state::exited)});
    run();
  }
  std::shared_ptr<ending> order(lab_verb verb, std::string on = {}) {
    return begin(subject, lab_command{verb, std::move(on), user("bob"), false});
  }
  void event(node_info what, std::string text = {}) {
    begin(subject, node_event{directory->views["L1"].instance, std::move(what), std::move(text)});
  }
  stored_instance left(state how) { return {{{"L1"}, "ping-1", "/run/L1", topology_text, "/labs/p"}, how, now() - 1h}; }
  state view() const { return directory->views.at("L1").state; }
  bool logged(const std::string& text) const {
    for (const auto& line : spool->stored.lines)
      if (line.find(text) != std::string::npos) return true;
    return false;
  }
  bool told(severity level, const std::string& text) const {
    for (const auto& msg : bulletin->messages)
      if (msg.level == level && msg.content.find(text) != std::string::npos) return true;
    return false;
  }

  static constexpr auto topology_text =
      "name: ping\ntopology:\n  nodes:\n    n1:\n      kind: linux\n    n2:\n      kind: "
      "linux\n";
  lab_file file;
  lab_actor subject;
};

} // namespace

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

TEST_CASE_FIXTURE(lab_fixture, "lab: a running instance is taken back with its logs, and the journal is cleared") {
  runtime->instances = {{"ping-1", {node("n1"), node("n2")}}};
  store->journal[7] = {7, {"L1"}, lab_verb::stop_node, "n1", "ping-1", now()};
  spool->stored.lines = {"from earlier"};
  make(left(state::running), {store->journal[7]});
  CHECK(runtime->adopted == texts{"ping-1"});
  CHECK(view() == state::running);
  CHECK(directory->views["L1"].recovered);
  CHECK(directory->streams.contains("/logs/L1/n1"));
  CHECK(runtime->followed.size() == 2);
  CHECK(store->journal.empty());
  CHECK(logged("from earlier"));
  event(node("n2", node_state::exited));
  CHECK(directory->views["L1"].nodes[1].state == node_state::exited);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: an instance that the runtime does not know is forgotten, and that is told") {
  store->instances["L1"] = left(state::running);
  make(left(state::running));
  CHECK(view() == state::inactive);
  CHECK(store->instances.empty());
  CHECK(told(severity::warning, "gone"));
}

TEST_CASE_FIXTURE(lab_fixture, "lab: an instance is taken back once the runtime is there") {
  self->send_exit(world.runtime, caf::exit_reason::kill);
  run();
  make(left(state::running));
  CHECK(view() == state::failed);
  const auto messages = bulletin->messages.size();
  advance(11s);
  CHECK(bulletin->messages.size() == messages);
  CHECK(store->instances.empty()); // nothing was decided
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a deployment that was cut off is cleaned up and failed") {
  store->journal[3] = {3, {"L1"}, lab_verb::deploy, "", "ping-1", now()};
  make(left(state::deploying), {store->journal[3]});
  REQUIRE(commands->held.size() == 1);
  CHECK(commands->held[0].what.verb == lab_verb::destroy);
  CHECK(store->journal.size() == 1); // a kill now is repaired in the same way
  commands->finish();
  run();
  CHECK(view() == state::failed);
  CHECK(told(severity::error, "cut off"));
  CHECK(store->journal.empty());
  CHECK(store->instances.at("L1").state == state::failed);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a destroy that was cut off is carried on") {
  store->journal[3] = {3, {"L1"}, lab_verb::destroy, "", "ping-1", now()};
  make(left(state::running), {store->journal[3]});
  REQUIRE(commands->held.size() == 1);
  commands->finish();
  run();
  CHECK(view() == state::inactive);
  CHECK(store->journal.empty());
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a command is answered only after the store has its end") {
  make();
  auto end = order(lab_verb::deploy);
  store->silent = true;
  commands->finish({node("n1"), node("n2")});
  run();
  CHECK(view() == state::running);
  CHECK_FALSE(end->done); // a kill now would be repaired as a deployment that was cut off
  sched.advance_time(lab_state::store_deadline);
  run();
  CHECK((end->done && !end->error)); // a store that hangs holds nobody up for ever
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a store that fails is told once and stops nothing") {
  store->broken = true;
  make();
  auto end = order(lab_verb::deploy);
  commands->finish({node("n1")});
  run();
  CHECK((end->done && !end->error));
  size_t warnings = 0;
  for (const auto& msg : bulletin->messages) warnings += msg.level == severity::warning ? 1 : 0;
  CHECK(warnings == 1);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: who waits for a lab that ends is told, and nothing that it made stays") {
  deployed();
  ask<shell_id>(subject, open_shell{"n1", user("bob")});
  auto end = order(lab_verb::stop_node, "n1");
  self->send_exit(subject, caf::exit_reason::kill);
  run();
  CHECK(end->error == ec::internal);
  REQUIRE(bulletin->notices.size() == 1);
  runtime->instances = {{"ping-1", {node("n1")}}};
  make(left(state::running));
  end = order(lab_verb::destroy);
  self->send_exit(subject, caf::exit_reason::user_shutdown);
  run();
  CHECK(end->error == ec::shutting_down);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: when the supervisor ends, the command ends") {
  make();
  auto end = order(lab_verb::deploy);
  commands->held.clear();
  self->send_exit(world.supervisor, caf::exit_reason::kill);
  run();
  CHECK(end->error == ec::internal);
  CHECK(view() == state::failed);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: a lab without a file ends when it is destroyed") {
  deployed();
  begin(subject, lab_file_gone{{"L1"}});
  self->monitor(subject);
  auto end = order(lab_verb::destroy);
  commands->finish();
  run();
  CHECK((end->done && !end->error));
  CHECK(directory->streams.empty());
  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; });
  CHECK(down);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: the scheduler hears times that still count") {
  file.start_time = now() + 1h, file.end_time = now() + 2h;
  make();
  REQUIRE(schedule->set.size() == 1);
  CHECK(schedule->set[0].start == file.start_time);
  CHECK(schedule->set[0].end == file.end_time);
  CHECK(view() == state::scheduled);
  advance(90min);
  order(lab_verb::deploy);
  CHECK_FALSE(schedule->set.back().start); // it has been deployed
  CHECK(schedule->set.back().end == file.end_time);
}

TEST_CASE_FIXTURE(lab_fixture, "lab: an end that passed while the service was down still counts") {
  runtime->instances = {{"ping-1", {node("n1")}}};
  file.end_time = now() - 1min;
  make(left(state::running));
  REQUIRE(!schedule->set.empty());
  CHECK(schedule->set[0].end == file.end_time);
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
