#include "tests/actors/directory_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

namespace {

stored_instance stored(std::string lab, std::string name) {
  stored_instance result;
  result.where = {{std::move(lab)}, std::move(name), "/run/x", "name: ping", "/labs/ping.clab.yml"};
  result.state = lab_state_code::running;
  return result;
}

journal_entry entry(uint64_t id, std::string lab) { return {id, {std::move(lab)}, lab_verb::deploy, "", "i", {}}; }

} // namespace

TEST_CASE_FIXTURE(directory_fixture, "directory: a lab is there from its file on, for those who may see it") {
  start();
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice).error() == ec::lab_not_found);
  add(file("a"));
  REQUIRE(made.size() == 1);
  CHECK(made[0]->setup.world.directory == it);
  CHECK_FALSE(made[0]->setup.deployed_once);
  const auto own = ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice);
  REQUIRE(own);
  CHECK(own->lab == made[0]->lab);
  CHECK(own->may_command);
  const auto other = ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, user("carol", {"net1"}));
  REQUIRE(other);
  CHECK_FALSE(other->may_command);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, admin())->may_command);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, bob).error() == ec::no_access);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: views are for those who may see them, in order") {
  start();
  auto late = file("a", "zebra");
  late.start_time = now() + std::chrono::hours{1};
  auto later = file("b", "ant");
  later.start_time = now() + std::chrono::hours{2};
  add(later), add(late), add(file("c", "bee")), add(file("d", "ape")), add(file("e", "other", "net2"));
  const auto seen = ask<std::vector<lab_view>>(it, atom::describe_v, alice);
  REQUIRE(seen);
  std::string names;
  for (const auto& view : *seen) names += view.name + ' ';
  CHECK(names == "ape bee zebra ant ");
  CHECK(ask<std::vector<lab_view>>(it, atom::describe_v, admin())->size() == 5);
  CHECK(ask<std::vector<lab_view>>(it, atom::describe_v, user("nobody"))->empty());
  CHECK(ask<lab_view>(it, atom::describe_v, lab_id{"none"}, alice).error() == ec::lab_not_found);
  CHECK(ask<lab_view>(it, atom::describe_v, lab_id{"e"}, alice).error() == ec::no_access);
  const auto one = ask<lab_view>(it, atom::describe_v, lab_id{"d"}, alice);
  REQUIRE(one);
  CHECK(one->state == lab_state_code::inactive);
  CHECK(one->topology == "name: ape");
  CHECK(one->creator_name == "alice");
}

TEST_CASE_FIXTURE(directory_fixture, "directory: what a lab tells is what clients get") {
  start();
  add(file("a"));
  CHECK(bulletin->updates.empty());
  tell("a", lab_state_code::running, "ping-1");
  CHECK(ask<lab_view>(it, atom::describe_v, lab_id{"a"}, alice)->instance == "ping-1");
  REQUIRE(bulletin->updates.size() == 1); // the lab is new
  CHECK(bulletin->updates[0].lab->value == "a");
  CHECK(bulletin->updates[0].about->collection == "net1");
  tell("a", lab_state_code::failed, "ping-1");
  CHECK(bulletin->updates.size() == 1); // of this the lab tells itself
  tell("unknown", lab_state_code::running);
  CHECK(ask<lab_view>(it, atom::describe_v, lab_id{"unknown"}, admin()).error() == ec::lab_not_found);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a changed file goes to the lab, and clients hear of it") {
  start();
  add(file("a"));
  tell("a", lab_state_code::inactive);
  bulletin->updates.clear();
  add(file("a", "renamed", "net2"));
  CHECK(made.size() == 1);
  REQUIRE(made[0]->files.size() == 1);
  CHECK(made[0]->files[0].name == "renamed");
  CHECK(bulletin->updates.empty());
  tell("a", lab_state_code::inactive);
  CHECK(bulletin->updates.size() == 1);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice).error() == ec::no_access);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, bob));
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a lab whose file is gone goes when it has ended itself") {
  start();
  add(file("a"));
  tell("a", lab_state_code::running, "ping-1");
  bulletin->updates.clear();
  const auto log = make_stream();
  CHECK(command(it, announce_stream{{"/logs/a"}, {"a"}, log}) == caf::none);
  CHECK(command(it, lab_file_gone{{"a"}}) == caf::none);
  CHECK(command(it, lab_file_gone{{"never seen"}}) == caf::none);
  CHECK(made[0]->gone == std::vector<std::string>{"a"});
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice)); // it runs on
  leave(made[0]->lab);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice).error() == ec::lab_not_found);
  CHECK(made.size() == 1);
  REQUIRE(bulletin->updates.size() == 1);
  CHECK(bulletin->updates[0].lab->value == "a");
  CHECK(*streams_ended == 1);
  add(file("a"));
  CHECK(made.size() == 2);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a file that comes back while its lab ends is not lost") {
  start();
  add(file("a"));
  CHECK(command(it, lab_file_gone{{"a"}}) == caf::none);
  add(file("a", "again"));
  leave(made[0]->lab);
  REQUIRE(made.size() == 2);
  CHECK(made[1]->setup.file.name == "again");
}

TEST_CASE_FIXTURE(directory_fixture, "directory: labs get back what an earlier process left") {
  stored_state state;
  state.labs.push_back({{"a"}, "/labs/ping.clab.yml", "ping", "net1", true});
  state.instances.push_back(stored("a", "ping-1700000000000"));
  state.labs.push_back({{"b"}, "/labs/b.clab.yml", "b", "net1", true});
  state.journal = {entry(1, "a"), entry(2, "b"), entry(3, "a")};
  start(state);
  REQUIRE(made.size() == 1); // the one with an instance, at once
  CHECK(made[0]->setup.deployed_once);
  REQUIRE(made[0]->setup.instance);
  CHECK(made[0]->setup.instance->where.name == "ping-1700000000000");
  CHECK(made[0]->setup.cut_off.size() == 2);
  CHECK(made[0]->setup.file.name == "ping");
  CHECK(made[0]->setup.file.collection == "net1");
  add(file("b"));
  REQUIRE(made.size() == 2);
  CHECK(made[1]->setup.deployed_once);
  CHECK_FALSE(made[1]->setup.instance);
  CHECK(made[1]->setup.cut_off.size() == 1);
  CHECK(ask<lab_view>(it, atom::describe_v, lab_id{"b"}, alice)->has_log);
  add(file("a", "the file of the instance"));
  CHECK(made.size() == 2);
  CHECK(made[0]->files.size() == 1);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: an instance without a file can be destroyed, then its lab goes") {
  stored_state state;
  state.instances.push_back(stored("a", "my-ping-1700000000000"));
  start(state);
  REQUIRE(made.size() == 1);
  CHECK(made[0]->setup.file.name == "my-ping");
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, admin())->may_command);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice).error() == ec::no_access);
  tell("a", lab_state_code::running, "my-ping-1700000000000");
  tell("a", lab_state_code::stopping, "my-ping-1700000000000");
  CHECK(made[0]->gone.empty());
  tell("a", lab_state_code::inactive);
  tell("a", lab_state_code::inactive);
  CHECK(made[0]->gone.size() == 1);
  leave(made[0]->lab);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, admin()).error() == ec::lab_not_found);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a lab that dies comes back with what the store knows") {
  start();
  add(file("a"));
  tell("a", lab_state_code::running, "ping-2");
  store->state.instances.push_back(stored("a", "ping-2"));
  store->state.instances.push_back(stored("other", "other-1"));
  store->state.journal = {entry(7, "a"), entry(8, "other")};
  caf::anon_send_exit(made[0]->lab, caf::exit_reason::kill);
  run();
  REQUIRE(made.size() == 2);
  CHECK(made[1]->setup.file.name == "ping");
  REQUIRE(made[1]->setup.instance);
  CHECK(made[1]->setup.instance->where.name == "ping-2");
  CHECK(made[1]->setup.cut_off.size() == 1);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice)->lab == made[1]->lab);
  bulletin->updates.clear();
  tell("a", lab_state_code::running, "ping-2");
  CHECK(bulletin->updates.size() == 1);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a lab that dies comes back when the store does not work, too") {
  stored_state state;
  state.instances.push_back(stored("a", "ping-1"));
  start(state);
  add(file("a"));
  tell("a", lab_state_code::running, "ping-1");
  store->broken = true;
  kill(made[0]->lab);
  REQUIRE(made.size() == 2);
  REQUIRE(made[1]->setup.instance);
  CHECK(made[1]->setup.instance->where.name == "ping-1");
  tell("a", lab_state_code::running, "ping-2"); // deployed anew: what was read of it is of no use
  kill(made[1]->lab);
  REQUIRE(made.size() == 3);
  CHECK_FALSE(made[2]->setup.instance);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a lab that fails three times within a minute stays down") {
  start();
  add(file("a"));
  kill(made.back()->lab);
  advance(std::chrono::seconds{61});
  for (int i = 0; i < 2; ++i) kill(made.back()->lab);
  CHECK(made.size() == 4); // the first was long ago
  CHECK(bulletin->messages.empty());
  kill(made.back()->lab);
  CHECK(made.size() == 4);
  REQUIRE(bulletin->messages.size() == 1);
  CHECK(bulletin->messages[0].level == severity::fatal);
  CHECK(bulletin->messages[0].about->collection == "net1");
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice).error() == ec::internal);
  CHECK(ask<lab_view>(it, atom::describe_v, lab_id{"a"}, alice));
  add(file("a", "repaired"));
  REQUIRE(made.size() == 5);
  CHECK(made[4]->setup.file.name == "repaired");
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice));
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a lab that is down and loses its file goes") {
  start();
  add(file("a"));
  for (int i = 0; i < 3; ++i) kill(made.back()->lab);
  CHECK(command(it, lab_file_gone{{"a"}}) == caf::none);
  CHECK(ask<lab_ref>(it, atom::lookup_v, lab_id{"a"}, alice).error() == ec::lab_not_found);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: labs that are shut down stay so, and all end with the directory") {
  start();
  add(file("a")), add(file("b"));
  kill(made[0]->lab, caf::exit_reason::user_shutdown);
  CHECK(made.size() == 2);
  kill(made[1]->lab, caf::exit_reason::kill);
  CHECK(made.size() == 3);
  caf::anon_send_exit(it, caf::exit_reason::user_shutdown);
  run();
  CHECK(command(made[2]->lab, lab_file_gone{}) == caf::sec::request_receiver_down);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: files that come and go are no failures of their lab") {
  start();
  add(file("a"));
  for (size_t i = 1; i <= 5; ++i) {
    CHECK(command(it, lab_file_gone{{"a"}}) == caf::none);
    add(file("a"));
    leave(made.back()->lab);
    CHECK(made.size() == i + 1);
  }
  CHECK(bulletin->messages.empty());
}
