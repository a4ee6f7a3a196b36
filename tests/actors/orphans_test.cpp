#include "actors/orphans.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

/// A runtime that has `ping-1`, which lab L1 knows, and `lost-2`, which nobody does.
struct orphans_fixture : actor_fixture {
  orphans_fixture() {
    runtime->instances = {{"ping-1", {}}, {"lost-2", {node("n1")}, "/run/lost"}};
    directory->views["L1"].instance = "ping-1";
    subject = spawn(orphans, orphans_setup{world});
    run();
  }

  std::vector<std::string> seen_by(const identity& who) {
    std::vector<std::string> names;
    auto found = ask<std::vector<instance_status>>(subject, atom::list_v, who);
    REQUIRE(found);
    for (const auto& each : *found) names.push_back(each.name);
    return names;
  }

  orphans_actor subject;
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(orphans_fixture, "orphans: what the runtime has and no lab knows, for admins") {
  CHECK(seen_by(admin()) == texts{"lost-2"});
  const auto refused = ask<std::vector<instance_status>>(subject, atom::list_v, user("alice"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == ec::no_access);
  runtime->instances.pop_back();
  CHECK(seen_by(admin()).empty());
}

TEST_CASE_FIXTURE(orphans_fixture, "orphans: admins are told of each once, when labs have had time to be taken back") {
  advance(9s);
  CHECK(bulletin->messages.empty());
  advance(1s);
  REQUIRE(bulletin->messages.size() == 1);
  CHECK(bulletin->messages[0].content.find("Instance lost-2 runs") == 0);
  REQUIRE(bulletin->messages[0].about);
  CHECK_FALSE(antimony::may_see(user("alice"), *bulletin->messages[0].about));
  advance(10min);
  CHECK(bulletin->messages.size() == 1);
  runtime->instances.push_back({"lost-3", {}});
  advance(10min);
  REQUIRE(bulletin->messages.size() == 2);
  CHECK(bulletin->messages[1].content.find("Instance lost-3 runs") == 0);
}

TEST_CASE_FIXTURE(orphans_fixture, "orphans: an admin destroys one, and nothing else") {
  CHECK(command(subject, atom::destroy_v, user("alice"), std::string{"lost-2"}) == ec::no_access);
  CHECK(command(subject, atom::destroy_v, admin(), std::string{"ping-1"}) == ec::lab_not_running);
  CHECK(command(subject, atom::destroy_v, admin(), std::string{"nothing"}) == ec::lab_not_running);
  CHECK(commands->commands.empty());
  CHECK(command(subject, atom::destroy_v, admin(), std::string{"lost-2"}) == caf::none);
  REQUIRE(commands->commands.size() == 1);
  CHECK(commands->commands[0].verb == lab_verb::destroy);
  CHECK(commands->commands[0].instance.name == "lost-2");
  CHECK(commands->commands[0].instance.folder == "/run/lost");
}

TEST_CASE_FIXTURE(orphans_fixture, "orphans: what goes wrong is the answer") {
  commands->hold = true;
  auto end = begin(subject, atom::destroy_v, admin(), std::string{"lost-2"});
  CHECK_FALSE(end->done);
  commands->fail(failure(ec::runtime_failed, "it clings"));
  run();
  REQUIRE(end->done);
  CHECK(end->error == ec::runtime_failed);
}
