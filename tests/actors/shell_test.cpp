#include "actors/shell.hpp"
#include "tests/actors/follower.hpp"

using namespace stibium;
using namespace stibium::test;

namespace {

struct shell_fixture : actor_fixture {
  shell_info info{{"shell-1"}, {"lab-1"}, "n1", "id-alice"};
  limits bounds;
  std::shared_ptr<terminal_record> term = std::make_shared<terminal_record>();
  shell_actor it;
  terminal_actor pty;

  ~shell_fixture() { it = nullptr, pty = nullptr, *term = {}; }

  void open() {
    it = spawn(shell, shell_setup{info, bounds, world.bulletin, world.directory});
    pty = make_terminal(term);
    term->client = it;
    CHECK(command(it, pty) == caf::none);
  }
  subscription from(uint64_t connection) {
    return {gateway, {connection}, "/shells/shell-1", "sid", "pid", {}, "fresh sid", "fresh pid"};
  }
  void print(std::string bytes) { CHECK(command(it, terminal_output{std::move(bytes)}) == caf::none); }
  std::string backlog_now() {
    CHECK(command(it, from(900 + gateway_heard->joined.size())) == caf::none);
    return texts(gateway_heard->joined.back().snapshot->entries);
  }
  bool alive() { return command(it, leave_stream{{}, {12345}, ""}) == caf::none; }
};

/// A terminal that takes everything and never closes.
terminal_actor::behavior_type deaf(terminal_actor::pointer) {
  return {[](const terminal_input&) -> caf::result<void> { return failure(ec::queue_full, "1 MiB waits"); },
          [](const shell_size&) {}, [](atom::pause) {}, [](atom::resume) {}, [](atom::close) {}};
}

} // namespace

TEST_CASE_FIXTURE(shell_fixture, "shell: output reaches subscribers as backlog and data") {
  open();
  print("hello");
  CHECK(command(it, from(1)) == caf::none);
  print(" world");
  const auto& join = gateway_heard->joined.at(0);
  CHECK(join.policy == overflow::pause);
  CHECK(texts(join.snapshot->entries) == R"("hello")");
  CHECK(texts(*gateway_heard->data.at(0).entries) == R"(" world")");
  CHECK(gateway_heard->data[0].entries->front().seq == join.snapshot->last_seq + 1);
}

TEST_CASE_FIXTURE(shell_fixture, "shell: output before the terminal's handle arrives is kept") {
  it = spawn(shell, shell_setup{info, bounds, world.bulletin, world.directory});
  print("early");
  CHECK(backlog_now() == R"("early")");
}

TEST_CASE_FIXTURE(shell_fixture, "shell: a character split over two reads arrives whole") {
  open();
  CHECK(command(it, from(1)) == caf::none);
  print("a\xE2\x82");
  print("\xAC");
  print("\xFF!");
  REQUIRE(gateway_heard->data.size() == 3);
  CHECK(texts(*gateway_heard->data[0].entries) == R"("a")");
  CHECK(texts(*gateway_heard->data[1].entries) == "\"\xE2\x82\xAC\"");
  CHECK(texts(*gateway_heard->data[2].entries) == "\"\xEF\xBF\xBD!\"");
  print("\xC3"); // nothing to send yet
  CHECK(gateway_heard->data.size() == 3);
  CHECK(command(it, terminal_ended{"program ended", false}) == caf::none);
  REQUIRE(gateway_heard->data.size() == 4);
  CHECK(texts(*gateway_heard->data[3].entries) == "\"\xEF\xBF\xBD\"");
}

TEST_CASE_FIXTURE(shell_fixture, "shell: long output is cut into pieces, scrollback is bounded in bytes") {
  bounds.scrollback_bytes = 64 * 1024;
  open();
  CHECK(command(it, from(1)) == caf::none);
  std::string euros;
  for (int i = 0; i < 40000; ++i) euros += "\xE2\x82\xAC";
  print(euros);
  std::string got;
  for (const auto& entry : *gateway_heard->data.at(0).entries) {
    CHECK(entry.json.size() <= shell_state::chunk_bytes + 2);
    got += entry.json.substr(1, entry.json.size() - 2);
  }
  CHECK(got == euros);
  const auto kept = backlog_now();
  CHECK(kept.size() <= 64 * 1024);
  CHECK(kept.size() > 40 * 1024);
}

TEST_CASE_FIXTURE(shell_fixture, "shell: single keys do not fill the scrollback with single chunks") {
  open();
  for (int i = 0; i < 5000; ++i) print("x");
  const auto kept = backlog_now();
  CHECK(std::count(kept.begin(), kept.end(), 'x') == 5000);
  CHECK(gateway_heard->joined.back().snapshot->entries.size() < 1100);
}

TEST_CASE_FIXTURE(shell_fixture, "shell: who resumes gets what it missed") {
  open();
  print("a");
  CHECK(command(it, from(1)) == caf::none);
  auto back = from(2);
  back.resume_after = gateway_heard->joined[0].snapshot->last_seq;
  print("b");
  CHECK(command(it, back) == caf::none);
  CHECK(gateway_heard->joined[1].resumed);
  CHECK(texts(gateway_heard->joined[1].snapshot->entries) == R"("b")");
  back.resume_after = 3;
  CHECK(command(it, back) == caf::none);
  CHECK_FALSE(gateway_heard->joined[2].resumed);
  CHECK(gateway_heard->joined[2].pid == "fresh pid");
}

TEST_CASE_FIXTURE(shell_fixture, "shell: the terminal waits while somebody is congested") {
  open();
  for (const uint64_t who : {1, 2}) CHECK(command(it, from(who)) == caf::none);
  CHECK(command(it, atom::congested_v, connection_id{77}) == caf::none); // no subscriber
  print("answered");
  CHECK(term->pauses == 0);
  for (const uint64_t who : {1, 2}) CHECK(command(it, atom::congested_v, connection_id{who}) == caf::none);
  CHECK(term->pauses == 1);
  auto answer = self->request(it, caf::infinite, terminal_output{"held"});
  run();
  CHECK_FALSE(self->has_next_message());
  CHECK(texts(*gateway_heard->data.back().entries) == R"("held")"); // subscribers get it all the same
  self->send(it, atom::drained_v, connection_id{1});
  run();
  CHECK_FALSE(self->has_next_message());
  CHECK(term->resumes == 0);
  self->send(it, leave_stream{{}, {2}, "/shells/shell-1"}); // gone counts as drained
  run();
  CHECK(term->resumes == 1);
  REQUIRE(self->has_next_message());
  answer.receive([] {}, [](caf::error&) { FAIL("output must be taken"); });
}

TEST_CASE_FIXTURE(shell_fixture, "shell: a gateway that dies no longer holds the terminal") {
  open();
  auto heard = std::make_shared<gateway_record>();
  auto far = from(1);
  far.gateway = make_gateway(heard);
  CHECK(command(it, far) == caf::none);
  CHECK(command(it, atom::congested_v, connection_id{1}) == caf::none);
  auto answer = self->request(it, caf::infinite, terminal_output{"held"});
  caf::anon_send_exit(far.gateway, caf::exit_reason::kill);
  run();
  REQUIRE(self->has_next_message());
  answer.receive([] {}, [](caf::error&) { FAIL("output must be taken"); });
  *heard = {};
}

TEST_CASE_FIXTURE(shell_fixture, "shell: only its owner types") {
  open();
  for (const auto* key : {"l", "s", "\r"}) CHECK(command(it, shell_input{"id-alice", key}) == caf::none);
  CHECK(command(it, shell_input{"id-bob", "rm -rf /"}) == ec::no_access);
  CHECK(term->written == std::vector<std::string>{"l", "s", "\r"});
  CHECK(command(it, shell_size{120, 40}) == caf::none);
  CHECK(term->sizes == std::vector<std::pair<int, int>>{{120, 40}});
}

TEST_CASE_FIXTURE(shell_fixture, "shell: the terminal's errors come back to who typed") {
  it = spawn(shell, shell_setup{info, bounds, world.bulletin, world.directory});
  CHECK(command(it, shell_input{"id-alice", "x"}) == ec::shell_not_found);
  CHECK(command(it, shell_size{}) == ec::shell_not_found);
  pty = spawn(deaf);
  CHECK(command(it, pty) == caf::none);
  CHECK(command(it, shell_input{"id-alice", "x"}) == ec::queue_full);
}

TEST_CASE_FIXTURE(shell_fixture, "shell: a program that ends closes it and says so") {
  open();
  CHECK(command(it, from(1)) == caf::none);
  CHECK(command(it, terminal_ended{"program ended (exit code 0)", false}) == caf::none);
  REQUIRE(bulletin->notices.size() == 1);
  CHECK(bulletin->notices[0].command == 1);
  CHECK(bulletin->notices[0].message == "program ended (exit code 0)");
  CHECK(bulletin->notices[0].shell.id.value == "shell-1");
  CHECK(gateway_heard->streams_ended.size() == 1);
  CHECK(directory->released == std::vector<std::string>{"shell-1"});
  CHECK_FALSE(alive());
}

TEST_CASE_FIXTURE(shell_fixture, "shell: a terminal that breaks is an I/O error") {
  open();
  CHECK(command(it, terminal_ended{"read: input/output error", true}) == caf::none);
  CHECK(bulletin->notices.at(0).command == 0);
  CHECK(bulletin->notices[0].message == "read: input/output error");
  CHECK_FALSE(alive());
}

TEST_CASE_FIXTURE(shell_fixture, "shell: a terminal that dies is an I/O error") {
  open();
  CHECK(command(it, from(1)) == caf::none);
  caf::anon_send_exit(pty, caf::exit_reason::kill);
  run();
  CHECK(bulletin->notices.at(0).command == 0);
  CHECK(gateway_heard->streams_ended.size() == 1);
  CHECK(directory->released.size() == 1);
  CHECK_FALSE(alive());
}

TEST_CASE_FIXTURE(shell_fixture, "shell: closing gives the reason and is answered when it is done") {
  for (const auto* reason : {"by the user", "node stopped", "lab destroyed"}) {
    bulletin->notices.clear();
    open();
    CHECK(command(it, from(1)) == caf::none);
    CHECK(command(it, atom::close_v, std::string{reason}) == caf::none);
    CHECK(term->closes == 1);
    REQUIRE(bulletin->notices.size() == 1);
    CHECK(bulletin->notices[0].command == 1);
    CHECK(bulletin->notices[0].message == reason);
    CHECK_FALSE(alive());
    *term = {};
  }
}

TEST_CASE_FIXTURE(shell_fixture, "shell: a terminal that does not close delays the end, and no longer") {
  open();
  auto stubborn = spawn(deaf);
  it = spawn(shell, shell_setup{info, bounds, world.bulletin, world.directory});
  CHECK(command(it, stubborn) == caf::none);
  auto first = self->request(it, caf::infinite, atom::close_v, std::string{"by the user"});
  auto second = self->request(it, caf::infinite, atom::close_v, std::string{"lab destroyed"});
  run();
  CHECK_FALSE(self->has_next_message());
  CHECK(command(it, shell_input{"id-alice", "x"}) == ec::shell_not_found);
  advance(shell_state::close_deadline);
  first.receive([] {}, [](caf::error&) { FAIL("must be closed"); });
  second.receive([] {}, [](caf::error&) { FAIL("must be closed"); });
  REQUIRE(bulletin->notices.size() == 1);
  CHECK(bulletin->notices[0].message == "by the user"); // the first reason counts
}

TEST_CASE_FIXTURE(shell_fixture, "shell: closing frees a terminal that waits for a congested client") {
  open();
  CHECK(command(it, from(1)) == caf::none);
  CHECK(command(it, atom::congested_v, connection_id{1}) == caf::none);
  auto output = self->request(it, caf::infinite, terminal_output{"held"});
  auto closed = self->request(it, caf::infinite, atom::close_v, std::string{"by the user"});
  run();
  output.receive([] {}, [](caf::error&) { FAIL("output must be taken"); });
  closed.receive([] {}, [](caf::error&) { FAIL("must be closed"); });
}

TEST_CASE_FIXTURE(shell_fixture, "shell: one that never got its terminal ends without a notice") {
  it = spawn(shell, shell_setup{info, bounds, world.bulletin, world.directory});
  CHECK(command(it, atom::close_v, std::string{"no terminal"}) == caf::none);
  CHECK(bulletin->notices.empty());
  CHECK(directory->released.size() == 1);
  CHECK_FALSE(alive());
}

TEST_CASE_FIXTURE(shell_fixture, "shell: without input and output it closes as inactive") {
  bounds.shell_timeout = std::chrono::seconds{100};
  open();
  advance(std::chrono::seconds{60});
  CHECK(command(it, shell_input{"id-alice", "x"}) == caf::none);
  advance(std::chrono::seconds{60});
  print("x");
  advance(std::chrono::seconds{60});
  CHECK(bulletin->notices.empty());
  advance(std::chrono::seconds{39});
  CHECK(bulletin->notices.empty());
  advance(std::chrono::seconds{1});
  REQUIRE(bulletin->notices.size() == 1);
  CHECK(bulletin->notices[0].message == "inactive");
  CHECK_FALSE(alive());
}

TEST_CASE_FIXTURE(shell_fixture, "shell: ended from outside it still cleans up") {
  open();
  CHECK(command(it, from(1)) == caf::none);
  caf::anon_send_exit(it, caf::exit_reason::kill);
  run();
  CHECK(term->closes == 1);
  CHECK(gateway_heard->streams_ended.size() == 1);
  CHECK(directory->released.size() == 1);
}
