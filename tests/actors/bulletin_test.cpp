#include "actors/bulletin.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;

namespace {

struct bulletin_fixture : actor_fixture {
  bulletin_actor it = spawn(stibium::bulletin, bulletin_setup{[this] { return now(); }});
  const antimony::lab_access lab{"net1", "id-alice", false};

  ~bulletin_fixture() { it = nullptr; }

  bulletin_subscription from(uint64_t connection, const identity& who, std::string nsp = "/status-messages") {
    return {{gateway, {connection}, std::move(nsp), "sid", "pid", {}, "fresh sid", "fresh pid"}, who};
  }
  void join(uint64_t connection, const identity& who, const std::string& nsp = "/status-messages") {
    CHECK(command(it, from(connection, who, nsp)) == caf::none);
  }
  void tell(std::string text, std::optional<antimony::lab_access> about = {}, std::string only = {}) {
    CHECK(command(it, status_message{"test", std::move(text), "", severity::info, std::move(about), std::move(only)}) ==
          caf::none);
  }
  /// Who got an event whose JSON holds the text.
  std::vector<uint64_t> recipients(const std::string& text) {
    std::vector<uint64_t> all;
    for (const auto& event : gateway_heard->emitted) {
      if (event.json.find(text) == std::string::npos) continue;
      for (const auto& who : event.to) all.push_back(who.value);
    }
    std::sort(all.begin(), all.end());
    return all;
  }
};

using ids = std::vector<uint64_t>;

} // namespace

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: a subscriber is let in, then told") {
  join(1, user("alice"));
  REQUIRE(gateway_heard->opened.size() == 1);
  CHECK(gateway_heard->opened[0].nsp == "/status-messages");
  CHECK(gateway_heard->opened[0].sid == "sid");
  CHECK(gateway_heard->opened[0].pid == "pid");
  CHECK(gateway_heard->opened[0].owner == it);
  tell("hello");
  REQUIRE(gateway_heard->emitted.size() == 1);
  const auto& event = gateway_heard->emitted[0];
  CHECK(event.event == "data");
  CHECK(event.nsp == "/status-messages");
  CHECK(event.json.find(R"("content":"hello")") != std::string::npos);
  CHECK(event.json.find(R"("logContent":"hello")") != std::string::npos);
  CHECK(event.json.find(R"("timestamp":"2026-01-15T)") != std::string::npos);
  CHECK(event.json.find(R"("severity":1)") != std::string::npos);
  CHECK_FALSE(event.offset.empty());
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: other namespaces are not its own") {
  CHECK(command(it, from(1, user("alice"), "/lab-commands")) == ec::namespace_not_found);
  CHECK(gateway_heard->opened.empty());
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: what concerns a lab reaches those who see it") {
  join(1, user("alice", {"net1"}));
  join(2, user("bob", {"net2"}));
  join(3, admin());
  join(4, user("alice", {"net1"})); // her second connection
  tell("of the lab", lab);
  CHECK(recipients("of the lab") == ids{1, 3, 4});
  CHECK(gateway_heard->emitted.size() == 1); // one for all of a gateway
  tell("of the server");
  CHECK(recipients("of the server") == ids{1, 2, 3, 4});
  tell("for bob", {}, "id-bob");
  CHECK(recipients("for bob") == ids{2});
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: lab updates") {
  join(1, user("alice", {"net1"}), "/lab-updates");
  join(2, user("bob"), "/lab-updates");
  join(3, user("bob"));
  CHECK(command(it, lab_update{lab_id{"lab-1"}, lab}) == caf::none);
  CHECK(recipients(R"("labId":"lab-1")") == ids{1});
  CHECK(command(it, lab_update{}) == caf::none);
  CHECK(recipients(R"("labId":"")") == ids{1, 2});
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: shell notices reach every connection of the owner, and nobody else") {
  join(1, user("alice"), "/shell-commands");
  join(2, user("alice"), "/shell-commands");
  join(3, user("alice"), "/shell-commands");
  join(4, user("bob"), "/shell-commands");
  join(5, admin(), "/shell-commands");
  CHECK(command(it, shell_notice{{{"s1"}, {"lab-1"}, "n1", "id-alice"}, 1, "by the user"}) == caf::none);
  CHECK(recipients(R"("shellId":"s1")") == ids{1, 2, 3});
  CHECK(gateway_heard->emitted[0].json.find(R"("payload":{)") != std::string::npos);
  CHECK(command(it, shell_notice{{{"s2"}, {"lab-1"}, "n1", ""}, 1, "nobody's"}) == caf::none);
  CHECK(recipients(R"("shellId":"s2")").empty());
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: who left gets nothing more") {
  join(1, admin());
  join(1, admin(), "/lab-updates");
  CHECK(command(it, leave_stream{{}, {1}, "/status-messages"}) == caf::none);
  CHECK(command(it, leave_stream{{}, {1}, "/status-messages"}) == caf::none);
  tell("x");
  CHECK(recipients("x").empty());
  CHECK(command(it, lab_update{}) == caf::none);
  CHECK(recipients("labId") == ids{1});
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: a gateway that goes down takes its subscribers along") {
  auto heard = std::make_shared<gateway_record>();
  auto far = from(1, admin());
  far.socket.gateway = make_gateway(heard);
  CHECK(command(it, far) == caf::none);
  join(2, admin());
  caf::anon_send_exit(far.socket.gateway, caf::exit_reason::kill);
  run();
  tell("x");
  CHECK(recipients("x") == ids{2});
  CHECK(heard->emitted.empty());
  CHECK(command(it, leave_stream{{}, {1}, "/status-messages"}) == caf::none);
  *heard = {};
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: who resumes gets what it missed and may see, in order, once") {
  join(1, user("alice", {"net1"}));
  tell("first");
  const auto offset = std::stoull(gateway_heard->emitted.at(0).offset);
  CHECK(command(it, leave_stream{{}, {1}, "/status-messages"}) == caf::none);
  tell("second");
  tell("not for her", {}, "id-bob");
  tell("third", lab);
  tell("hidden", antimony::lab_access{"net2", "", false});
  gateway_heard->emitted.clear(), gateway_heard->order.clear();
  auto back = from(2, user("alice", {"net1"}));
  back.socket.resume_after = offset;
  CHECK(command(it, back) == caf::none);
  CHECK(gateway_heard->opened.back().sid == "sid");
  CHECK(gateway_heard->opened.back().pid == "pid");
  CHECK(gateway_heard->order == std::vector<std::string>{"open", "emit", "emit"});
  CHECK(gateway_heard->emitted[0].json.find("second") != std::string::npos);
  CHECK(gateway_heard->emitted[0].offset == std::to_string(offset + 1));
  CHECK(gateway_heard->emitted[1].json.find("third") != std::string::npos);
  tell("fourth");
  CHECK(recipients("fourth") == ids{2});
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: what is too long ago cannot be resumed") {
  join(1, admin());
  tell("first");
  auto back = from(2, admin());
  back.socket.resume_after = std::stoull(gateway_heard->emitted.at(0).offset);
  for (size_t i = 0; i <= bulletin_state::kept_events; ++i) tell("more");
  gateway_heard->emitted.clear();
  CHECK(command(it, back) == caf::none);
  CHECK(gateway_heard->opened.back().sid == "fresh sid");
  CHECK(gateway_heard->opened.back().pid == "fresh pid");
  CHECK(gateway_heard->emitted.empty());
  for (const auto wrong : {uint64_t{0}, uint64_t{5}, back.socket.resume_after.value() + 1000000}) {
    back.socket.resume_after = wrong;
    CHECK(command(it, back) == caf::none);
    CHECK(gateway_heard->opened.back().sid == "fresh sid");
  }
}

TEST_CASE_FIXTURE(bulletin_fixture, "bulletin: what is kept is bounded in bytes") {
  join(1, admin());
  tell("first");
  auto back = from(2, admin());
  back.socket.resume_after = std::stoull(gateway_heard->emitted.at(0).offset);
  for (int i = 0; i < 3; ++i) tell(std::string(bulletin_state::kept_bytes / 4, 'x'));
  CHECK(command(it, back) == caf::none);
  CHECK(gateway_heard->opened.back().sid == "fresh sid");
}
