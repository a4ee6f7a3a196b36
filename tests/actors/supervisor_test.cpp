#include "actors/supervisor.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

/// What became of a command, when it has ended.
struct command_end {
  std::string instance;
  bool done = false;
  caf::error error;
};

struct supervisor_fixture : actor_fixture {
  supervisor_fixture() {
    runtime->hold = true;
    supervised = actor_fixture::spawn(supervisor, supervisor_setup{world.runtime, world.bulletin, world.bounds});
    sink = actor_fixture::spawn([this](log_sink_actor::pointer) -> log_sink_actor::behavior_type {
      return {[this](const log_lines& more) { log.insert(log.end(), more.lines.begin(), more.lines.end()); }};
    });
    run();
  }

  /// Sends a command; what becomes of it appears in the result.
  std::shared_ptr<command_end> submit(const std::string& instance, lab_verb verb = lab_verb::deploy) {
    auto end = std::make_shared<command_end>();
    runtime_command cmd;
    cmd.verb = verb;
    cmd.instance.name = instance;
    cmd.log = sink;
    actor_fixture::spawn([end, cmd, whom = supervised](caf::event_based_actor* me) {
      me->request(whom, caf::infinite, cmd)
          .then([end](const instance_status& status) { end->done = true, end->instance = status.name; },
                [end](caf::error& err) { end->done = true, end->error = std::move(err); });
    });
    run();
    return end;
  }

  std::vector<std::string> at_runtime() const {
    std::vector<std::string> names;
    for (const auto& held : runtime->held) names.push_back(held.what.instance.name);
    return names;
  }

  supervisor_actor supervised;
  log_sink_actor sink;
  std::vector<std::string> log;
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: two commands run, others wait in order and know their place") {
  auto a = submit("a"), b = submit("b"), c = submit("c"), d = submit("d"), e = submit("e");
  CHECK(at_runtime() == texts{"a", "b"});
  CHECK(log == texts{"waiting for a free slot: position 1 of 1", "waiting for a free slot: position 2 of 2",
                     "waiting for a free slot: position 3 of 3"});
  log.clear();
  runtime->finish();
  run();
  CHECK(a->done);
  CHECK(a->instance == "a");
  CHECK(at_runtime() == texts{"b", "c"});
  CHECK(log == texts{"waiting for a free slot: position 1 of 2", "waiting for a free slot: position 2 of 2"});
  for (int i = 0; i < 4; ++i) {
    runtime->finish();
    run();
  }
  CHECK((b->done && c->done && d->done && e->done));
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: one command per instance; others pass the one that waits for it") {
  auto first = submit("a"), second = submit("a", lab_verb::stop_node), other = submit("b");
  CHECK(at_runtime() == texts{"a", "b"});
  CHECK_FALSE(second->done);
  runtime->finish();
  run();
  CHECK(first->done);
  CHECK(runtime->held.back().what.verb == lab_verb::stop_node);
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: a failure passes through as it is") {
  auto a = submit("a");
  runtime->fail(failure(ec::runtime_failed, "Error: no such image"));
  run();
  CHECK(a->error == ec::runtime_failed);
  CHECK(message_of(a->error) == "Error: no such image");
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: the queue is bounded") {
  submit("a"), submit("b");
  std::vector<std::shared_ptr<command_end>> ends;
  for (int i = 0; i < 256; ++i) ends.push_back(submit("x" + std::to_string(i)));
  CHECK(submit("one more")->error == ec::queue_full);
  CHECK_FALSE(ends.back()->done);
}

TEST_CASE_FIXTURE(supervisor_fixture,
                  "supervisor: cancel takes commands out of the queue and cuts off the running one") {
  auto a = submit("a"), b = submit("b"), c = submit("c"), d = submit("d");
  REQUIRE(command(supervised, atom::cancel_v, std::string{"c"}) == caf::none);
  CHECK(c->error == ec::cancelled);
  CHECK(runtime->cancelled.empty());
  REQUIRE(command(supervised, atom::cancel_v, std::string{"a"}) == caf::none);
  CHECK(runtime->cancelled == texts{"a"});
  CHECK(a->error == ec::cancelled);
  CHECK(at_runtime() == texts{"b", "d"});
  CHECK_FALSE((b->done || d->done));
}

TEST_CASE_FIXTURE(supervisor_fixture,
                  "supervisor: a destroy drops what waits for its instance, and takes its own place") {
  submit("a"), submit("b");
  auto deploy = submit("c"), other = submit("d"), destroy = submit("c", lab_verb::destroy);
  CHECK(deploy->error == ec::cancelled);
  CHECK_FALSE(destroy->done);
  runtime->finish();
  run();
  CHECK(at_runtime() == texts{"b", "d"});
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: the deadline counts from the start and cuts the command off") {
  submit("a"), submit("b");
  advance(590s);
  auto c = submit("c");
  advance(11s);
  CHECK(runtime->cancelled == texts{"a", "b"});
  CHECK(at_runtime() == texts{"c"});
  advance(590s);
  CHECK_FALSE(c->done);
  advance(11s);
  CHECK(c->error == ec::deadline_passed);
  CHECK(message_of(c->error) == "the deadline of 600 s has passed");
}

TEST_CASE_FIXTURE(supervisor_fixture,
                  "supervisor: a command past its deadline is answered 5 s later, whatever the runtime does") {
  runtime->ignore_cancel = true;
  auto a = submit("a"), b = submit("b"), c = submit("c");
  advance(600s);
  CHECK(runtime->cancelled == texts{"a", "b"});
  advance(4s);
  CHECK_FALSE(a->done);
  advance(1s);
  CHECK(a->error == ec::deadline_passed);
  CHECK(message_of(a->error) == "the deadline of 600 s has passed, and the runtime does not answer");
  CHECK_FALSE(c->done);
  CHECK(at_runtime() == texts{"a", "b"}); // it may still be cancelling: the slots are taken
  CHECK(ask<runtime_health>(supervised, atom::health_v)->ready);
  runtime->finish();
  run();
  CHECK(at_runtime() == texts{"b", "c"});
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: a deadline does not wait for an earlier cancel") {
  runtime->ignore_cancel = true;
  auto a = submit("a");
  advance(595s);
  command(supervised, atom::cancel_v, std::string{"a"});
  for (int i = 0; i < 2; ++i) advance(5s);
  CHECK(a->error == ec::cancelled);
  CHECK(message_of(a->error).find("does not answer") != std::string::npos);
  CHECK(runtime->cancelled == texts{"a"});
}

TEST_CASE_FIXTURE(supervisor_fixture,
                  "supervisor: a command that hangs gives its slot to others, and is told until it ends") {
  runtime->ignore_cancel = true;
  auto a = submit("a"), b = submit("b"), c = submit("c");
  command(supervised, atom::cancel_v, std::string{"b"});
  advance(30s);
  CHECK(b->error == ec::cancelled);
  CHECK(at_runtime() == texts{"a", "b", "c"});
  CHECK_FALSE(ask<runtime_health>(supervised, atom::health_v)->ready);
  REQUIRE(!bulletin->messages.empty());
  CHECK(bulletin->messages.back().content.find("hangs") != std::string::npos);
  submit("d");
  CHECK(at_runtime().size() == 3); // one hangs, two run
  runtime->held[1].deliver(instance_status{});
  runtime->held.erase(runtime->held.begin() + 1);
  run();
  CHECK(ask<runtime_health>(supervised, atom::health_v)->ready);
  CHECK(bulletin->messages.back().level == severity::success);
  CHECK(at_runtime() == texts{"a", "c"}); // the one that hung had no slot to give back
  runtime->finish();
  run();
  CHECK(a->done);
  CHECK_FALSE(a->error);
  CHECK(at_runtime() == texts{"c", "d"});
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: nothing else is done in an instance in which a command hangs") {
  runtime->ignore_cancel = true;
  submit("a");
  auto queued = submit("a", lab_verb::stop_node);
  advance(600s);
  advance(30s);
  REQUIRE(at_runtime() == texts{"a"});
  CHECK_FALSE(queued->done);
  auto destroy = submit("a", lab_verb::destroy);
  CHECK(queued->error == ec::cancelled);
  advance(29s);
  CHECK(at_runtime() == texts{"a"});
  CHECK_FALSE(destroy->done);
  advance(1s);
  CHECK(destroy->error == ec::runtime_unavailable);
  CHECK(message_of(destroy->error).find("still hangs") != std::string::npos);
  destroy = submit("a", lab_verb::destroy);
  runtime->finish();
  run();
  REQUIRE(at_runtime() == texts{"a"});
  CHECK(runtime->held[0].what.verb == lab_verb::destroy);
  advance(30s); // what it waited for has ended
  CHECK_FALSE(destroy->done);
  runtime->finish();
  run();
  CHECK(destroy->done);
  CHECK_FALSE(destroy->error);
}

TEST_CASE_FIXTURE(supervisor_fixture,
                  "supervisor: what waits for an instance when its command begins to hang is not forgotten") {
  runtime->ignore_cancel = true;
  submit("a");
  auto waiting = submit("a", lab_verb::stop_node);
  advance(600s);
  advance(30s);
  CHECK_FALSE(waiting->done);
  advance(30s);
  CHECK(waiting->error == ec::runtime_unavailable);
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: a command that ends well at its deadline has ended well") {
  runtime->ignore_cancel = true;
  auto a = submit("a");
  advance(601s);
  CHECK(runtime->cancelled == texts{"a"});
  runtime->finish();
  run();
  CHECK(a->done);
  CHECK_FALSE(a->error);
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: when the runtime ends, everyone is told and nobody waits") {
  auto a = submit("a"), b = submit("b"), c = submit("c");
  self->send_exit(world.runtime, caf::exit_reason::kill);
  run();
  for (const auto& end : {a, b, c}) CHECK(end->error == ec::runtime_unavailable);
  CHECK(submit("d")->error == ec::runtime_unavailable);
  CHECK_FALSE(ask<runtime_health>(supervised, atom::health_v)->ready);
  REQUIRE(bulletin->messages.size() == 1);
  CHECK(bulletin->messages[0].level == severity::fatal);
  CHECK_FALSE(bulletin->messages[0].about); // concerns the whole server
  advance(60s);
  CHECK(bulletin->messages.size() == 1);
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: a destroy that does not reach the runtime is tried once more") {
  auto a = submit("a", lab_verb::destroy);
  runtime->fail(failure(ec::runtime_unavailable, "no docker"));
  run();
  CHECK_FALSE(a->done);
  advance(2s);
  REQUIRE(at_runtime() == texts{"a"});
  runtime->fail(failure(ec::runtime_unavailable, "no docker"));
  run();
  CHECK(a->error == ec::runtime_unavailable);
  auto b = submit("b", lab_verb::destroy);
  runtime->fail(failure(ec::runtime_unavailable, "no docker"));
  run();
  command(supervised, atom::cancel_v, std::string{"b"}); // between the two tries
  CHECK(b->error == ec::cancelled);
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: the runtime's health is told when it changes, and only then") {
  CHECK(bulletin->messages.empty());
  runtime->health = {false, "docker is not running"};
  advance(5s);
  REQUIRE(bulletin->messages.size() == 1);
  CHECK(bulletin->messages[0].level == severity::error);
  CHECK(bulletin->messages[0].content.find("docker is not running") != std::string::npos);
  advance(5s);
  advance(5s);
  CHECK(bulletin->messages.size() == 1);
  runtime->health = {true, "stand-in"};
  advance(5s);
  REQUIRE(bulletin->messages.size() == 2);
  CHECK(bulletin->messages[1].level == severity::success);
}

TEST_CASE_FIXTURE(supervisor_fixture, "supervisor: who waits when it ends is told") {
  auto a = submit("a"), b = submit("b"), c = submit("c");
  self->send_exit(supervised, caf::exit_reason::user_shutdown);
  run();
  for (const auto& end : {a, b, c}) CHECK(end->error == ec::shutting_down);
}
