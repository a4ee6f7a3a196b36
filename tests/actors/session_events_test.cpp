#include "tests/actors/session_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

namespace {

std::string lab_event(int number, const std::string& more = "") {
  return R"(["data",{"labId":"lab-1","command":)" + std::to_string(number) + more + "}]";
}
const std::string with_node = R"(,"node":"n1")";

} // namespace

TEST_CASE_FIXTURE(session_fixture, "session: commands reach the lab and are acked when it is done") {
  with_lab();
  const std::vector<std::pair<int, lab_verb>> table{{0, lab_verb::deploy},
                                                    {1, lab_verb::destroy},
                                                    {2, lab_verb::stop_node},
                                                    {3, lab_verb::start_node},
                                                    {4, lab_verb::restart_node}};
  for (const auto& [number, verb] : table) {
    emit("/lab-commands", lab_event(number, with_node), number);
    REQUIRE(gateway_heard->replies.size() == 1);
    CHECK(gateway_heard->replies[0].ack == static_cast<uint64_t>(number));
    CHECK(gateway_heard->replies[0].nsp == "/lab-commands");
    CHECK(gateway_heard->replies[0].connection == connection_id{1});
    CHECK(ack() == null_ack);
    CHECK(lab->commands.back().verb == verb);
    CHECK(lab->commands.back().user.name == "alice");
    CHECK(lab->commands.back().node == (number >= 2 ? "n1" : ""));
  }
}

TEST_CASE_FIXTURE(session_fixture, "session: the reference server's numbers swap start and stop") {
  world.bounds.reference_node_commands = true;
  it = make_session();
  with_lab();
  emit("/lab-commands", lab_event(2, with_node));
  emit("/lab-commands", lab_event(3, with_node));
  CHECK(lab->commands.at(0).verb == lab_verb::start_node);
  CHECK(lab->commands.at(1).verb == lab_verb::stop_node);
}

TEST_CASE_FIXTURE(session_fixture, "session: the payload may be an object in a string") {
  with_lab();
  emit("/lab-commands", R"(["data","{\"labId\":\"lab-1\",\"command\":0}"])");
  CHECK(ack() == null_ack);
}

TEST_CASE_FIXTURE(session_fixture, "session: bad input is 5422 and reaches nobody") {
  with_lab();
  for (const auto* json :
       {R"(["data"])", R"(["data",5])", R"(["data",null])", R"(["data","no json"])", R"(["data",[]])",
        R"(["data",{"command":0}])", R"(["data",{"labId":"lab-1"}])", R"(["data",{"labId":5,"command":0}])",
        R"(["data",{"labId":"lab-1","command":"0"}])", R"(["data",{"labId":"lab-1","command":8}])",
        R"(["data",{"labId":"lab-1","command":-1}])", R"(["data",{"labId":"lab-1","command":2}])",
        R"(["data",{"labId":"lab-1","command":6}])", R"(["data",{"labId":"lab-1","command":7}])",
        R"(["other",{"labId":"lab-1","command":0}])", R"([5])"}) {
    CAPTURE(json);
    emit("/lab-commands", json);
    CHECK(is_error(ack(), 5422));
  }
  CHECK(lab->commands.empty());
  CHECK(lab->shells.empty());
  emit("/lab-commands", R"(["other",1])");
  CHECK(ack().find("'other'") != std::string::npos);
  emit("/lab-commands", lab_event(0));
  CHECK(ack() == null_ack); // the namespace is open as before
}

TEST_CASE_FIXTURE(session_fixture, "session: errors of the directory and the lab become codes") {
  with_lab();
  emit("/lab-commands", R"(["data",{"labId":"none","command":0}])");
  CHECK(is_error(ack(), 5005));
  directory->labs["hidden"] = {lab_handle, true};
  directory->hidden.insert("hidden");
  emit("/lab-commands", R"(["data",{"labId":"hidden","command":0}])");
  CHECK(is_error(ack(), 5403));
  const std::vector<std::pair<ec, int>> table{
      {ec::already_deploying, 5002}, {ec::runtime_failed, 5001},   {ec::lab_not_running, 5003},
      {ec::node_not_found, 5006},    {ec::node_not_running, 5004}, {ec::node_running, 5000},
      {ec::cancelled, 5000},         {ec::being_destroyed, 5000},  {ec::shell_limit, 5008}};
  for (const auto& [error, code] : table) {
    lab->refuse = failure(error, "because");
    emit("/lab-commands", lab_event(error == ec::shell_limit ? 6 : 0, with_node));
    const auto answer = ack();
    CHECK(is_error(answer, code));
    CHECK(answer.find("because") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(session_fixture, "session: who only sees a lab may open shells, and nothing else") {
  with_lab(false);
  for (int number = 0; number <= 4; ++number) {
    emit("/lab-commands", lab_event(number, with_node));
    CHECK(is_error(ack(), 5403));
  }
  CHECK(lab->commands.empty());
  emit("/lab-commands", lab_event(6, with_node));
  CHECK(ack() == R"({"payload":"s1"})");
  CHECK(lab->shells.at(0).node == "n1");
  CHECK(lab->shells[0].user.name == "alice");
}

TEST_CASE_FIXTURE(session_fixture, "session: shells are listed and closed") {
  with_lab();
  emit("/lab-commands", lab_event(5));
  CHECK(ack() == R"({"payload":[]})");
  directory->opened.push_back({{"s1"}, {"lab-1"}, "n1", "id-alice"});
  emit("/lab-commands", lab_event(5));
  CHECK(ack() == R"({"payload":[{"id":"s1","node":"n1"}]})");
  const std::string close = lab_event(7, R"(,"shellId":"s1")");
  emit("/lab-commands", close);
  CHECK(is_error(ack(), 5007));
  shell_handle = make_shell(shell);
  directory->shells["s1"] = shell_handle;
  emit("/lab-commands", close);
  CHECK(ack() == null_ack);
  CHECK(shell->closed == std::vector<std::string>{"by the user"});
  directory->hidden.insert("s1");
  emit("/lab-commands", close);
  CHECK(is_error(ack(), 5403));
}

TEST_CASE_FIXTURE(session_fixture, "session: without an ack id an error becomes a status message to the user") {
  with_lab();
  emit("/lab-commands", lab_event(0), -1);
  CHECK(lab->commands.size() == 1);
  CHECK(bulletin->messages.empty());
  lab->refuse = failure(ec::runtime_failed, "no image");
  emit("/lab-commands", lab_event(0), -1);
  emit("/lab-commands", "[\"data\",7]", -1);
  REQUIRE(bulletin->messages.size() == 2);
  CHECK(bulletin->messages[0].content.find("no image") != std::string::npos);
  CHECK(bulletin->messages[0].only_user == "id-alice");
  CHECK(bulletin->messages[0].level == severity::error);
  CHECK(gateway_heard->replies.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: a lab that dies is acked with 5000, once for each command") {
  with_lab();
  lab->hold = true;
  for (int i = 0; i < 3; ++i) emit("/lab-commands", lab_event(0), i);
  CHECK(gateway_heard->replies.empty());
  caf::anon_send_exit(lab_handle, caf::exit_reason::kill);
  run();
  REQUIRE(gateway_heard->replies.size() == 3);
  for (uint64_t i = 0; i < 3; ++i) {
    CHECK(gateway_heard->replies[i].ack == i);
    CHECK(is_error(gateway_heard->replies[i].json, 5000));
  }
  gateway_heard->replies.clear();
  emit("/lab-commands", lab_event(0));
  CHECK(is_error(ack(), 5000));
}

TEST_CASE_FIXTURE(session_fixture, "session: a lab that has gone by itself is not found") {
  with_lab();
  lab->hold = true;
  emit("/lab-commands", lab_event(0), 1);
  self->send(lab_handle, lab_file_gone{});
  run();
  CHECK(is_error(ack(), 5005));
  emit("/lab-commands", lab_event(0), 2);
  CHECK(is_error(ack(), 5005));
}

TEST_CASE_FIXTURE(session_fixture, "session: a lab that ends with the service says so") {
  with_lab();
  caf::anon_send_exit(lab_handle, caf::exit_reason::user_shutdown);
  run();
  emit("/lab-commands", lab_event(0));
  const auto answer = ack();
  CHECK(is_error(answer, 5000));
  CHECK(answer.find("shutting down") != std::string::npos);
}

TEST_CASE_FIXTURE(session_fixture, "session: closing a shell that has just ended is 5007") {
  with_lab();
  shell_handle = make_shell(shell);
  directory->shells["s1"] = shell_handle;
  shell->hold = true;
  const std::string close = lab_event(7, R"(,"shellId":"s1")");
  emit("/lab-commands", close, 1);
  caf::anon_send_exit(shell_handle, caf::exit_reason::kill);
  run();
  CHECK(is_error(ack(), 5007));
  emit("/lab-commands", close, 2);
  CHECK(is_error(ack(), 5007));
}

TEST_CASE_FIXTURE(session_fixture, "session: commands under way are bounded") {
  with_lab();
  lab->hold = true;
  for (size_t i = 0; i < session_state::max_commands; ++i)
    emit_later("/lab-commands", lab_event(0), static_cast<int>(i));
  run();
  CHECK(gateway_heard->replies.empty());
  emit("/lab-commands", lab_event(0), 999);
  CHECK(gateway_heard->replies.at(0).ack == 999u);
  CHECK(is_error(ack(), 5000));
  CHECK(lab->commands.size() == session_state::max_commands);
}

TEST_CASE_FIXTURE(session_fixture, "session: an ack does not reach a later socket of the same name") {
  with_lab();
  lab->hold = true;
  emit("/lab-commands", lab_event(0));
  self->send(it, client_disconnect{"/lab-commands"});
  connect("/lab-commands");
  caf::anon_send_exit(lab_handle, caf::exit_reason::kill);
  run();
  CHECK(gateway_heard->replies.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: commands go on when the connection is lost") {
  with_lab();
  emit_later("/lab-commands", lab_event(0));
  self->send(it, connection_lost{"transport close"});
  run();
  CHECK(lab->commands.size() == 1);
  CHECK(command(it, client_disconnect{"/"}) == caf::sec::request_receiver_down);
}

TEST_CASE_FIXTURE(session_fixture, "session: an error without an ack is told even after the connection was lost") {
  with_lab();
  lab->hold = true;
  emit("/lab-commands", lab_event(0), -1);
  self->send(it, connection_lost{"transport close"});
  run();
  caf::anon_send_exit(lab_handle, caf::exit_reason::kill);
  run();
  CHECK(bulletin->messages.size() == 1);
  CHECK(command(it, client_disconnect{"/"}) == caf::sec::request_receiver_down);
}

TEST_CASE_FIXTURE(session_fixture, "session: namespaces that only tell accept no events") {
  directory->streams["/logs/lab-1"] = {make_stream(std::make_shared<stream_record>()), {}};
  for (const auto* nsp : {"/", "/status-messages", "/lab-updates", "/shell-commands", "/logs/lab-1"}) {
    connect(nsp);
    emit(nsp, R"(["data","x"])");
    const auto answer = ack();
    CHECK(is_error(answer, 5422));
    CHECK(answer.find("no events are accepted here") != std::string::npos);
  }
  emit("/lab-commands", lab_event(0));
  CHECK(is_error(ack(), 5422)); // not open
}

// -- shells -----------------------------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(session_fixture, "session: what is typed reaches the shell in order") {
  with_shell();
  CHECK(shell->subscriptions.size() == 1);
  for (int i = 0; i < 5000; ++i) emit_later("/shells/s1", R"(["data",")" + std::to_string(i) + R"("])", i);
  run();
  REQUIRE(shell->typed.size() == 5000);
  REQUIRE(gateway_heard->replies.size() == 5000);
  for (int i = 0; i < 5000; ++i) {
    CHECK(shell->typed[i].data == std::to_string(i));
    CHECK(gateway_heard->replies[i].ack == static_cast<uint64_t>(i));
  }
  CHECK(shell->typed[0].user_id == "id-alice");
  CHECK(gateway_heard->replies[0].json == null_ack);
}

TEST_CASE_FIXTURE(session_fixture, "session: keys without ack ids are typed, not acked") {
  with_shell();
  emit("/shells/s1", R"(["data","x"])", -1);
  CHECK(shell->typed.size() == 1);
  CHECK(gateway_heard->replies.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: the terminal's size is passed on") {
  with_shell();
  emit("/shells/s1", R"(["resize",{"cols":132,"rows":43}])");
  CHECK(ack() == null_ack);
  REQUIRE(shell->sizes.size() == 1);
  CHECK(shell->sizes[0].cols == 132);
  CHECK(shell->sizes[0].rows == 43);
}

TEST_CASE_FIXTURE(session_fixture, "session: bad events to a shell are 5422") {
  with_shell();
  for (const auto* json :
       {R"(["data"])", R"(["data",5])", R"(["data",{}])", R"(["data",null])", R"(["resize"])", R"(["resize",{}])",
        R"(["resize",{"cols":0,"rows":24}])", R"(["resize",{"cols":80,"rows":1001}])",
        R"(["resize",{"cols":"80","rows":24}])", R"(["type","x"])"}) {
    CAPTURE(json);
    emit("/shells/s1", json);
    CHECK(is_error(ack(), 5422));
  }
  CHECK(shell->typed.empty());
  CHECK(shell->sizes.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: an admin sees another user's shell, and does not type there") {
  shell_handle = make_shell(shell);
  directory->streams["/shells/s1"] = {shell_handle, {}};
  connect("/shells/s1");
  CHECK(shell->subscriptions.size() == 1);
  emit("/shells/s1", R"(["data","x"])");
  CHECK(is_error(ack(), 5403));
  emit("/shells/s1", R"(["resize",{"cols":80,"rows":24}])");
  CHECK(is_error(ack(), 5403));
  CHECK(shell->typed.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: a shell that ends answers what was typed into it") {
  with_shell();
  shell->hold = true;
  emit("/shells/s1", R"(["data","x"])", 3);
  CHECK(gateway_heard->replies.empty());
  caf::anon_send_exit(shell_handle, caf::exit_reason::kill);
  run();
  CHECK(is_error(ack(), 5007));
  emit("/shells/s1", R"(["data","y"])", 4);
  CHECK(is_error(ack(), 5007));
  CHECK(shell->typed.size() == 1);
}

TEST_CASE_FIXTURE(session_fixture, "session: what is typed while the shell ends is 5007 as well") {
  with_shell();
  emit_later("/shells/s1", R"(["data","x"])", 3);
  caf::anon_send_exit(shell_handle, caf::exit_reason::kill);
  run();
  CHECK(is_error(ack(), 5007));
}

TEST_CASE_FIXTURE(session_fixture, "session: what was typed by a client that has left is nobody's trouble") {
  with_shell();
  shell->hold = true;
  for (int i = 0; i < 100; ++i) emit_later("/shells/s1", R"(["data","x"])", -1);
  self->send(it, client_disconnect{"/shells/s1"});
  run();
  caf::anon_send_exit(shell_handle, caf::exit_reason::kill);
  run();
  CHECK(shell->typed.size() == 100);
  CHECK(bulletin->messages.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: keys on their way are bounded, and the user is told once") {
  with_shell();
  shell->hold = true;
  for (size_t i = 0; i < session_state::max_inputs; ++i) emit_later("/shells/s1", R"(["data","x"])", -1);
  run();
  CHECK(bulletin->messages.empty());
  for (int i = 0; i < 3; ++i) emit("/shells/s1", R"(["data","x"])", -1);
  REQUIRE(bulletin->messages.size() == 1);
  CHECK(bulletin->messages[0].only_user == "id-alice");
  emit("/shells/s1", R"(["data","x"])", 5);
  CHECK(is_error(ack(), 5000));
  CHECK(shell->typed.size() == session_state::max_inputs);
}
