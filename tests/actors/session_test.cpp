#include "tests/actors/session_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(session_fixture, "session: refusals, in the order of the contract") {
  for (const auto* nsp : {"/", "/lab-commands", "/status-messages", "/logs/none", "/nowhere"}) {
    CAPTURE(nsp);
    for (const auto* auth : {"", "{}", "[]", "5", R"("alice")", R"({"token":null})", R"({"token":""})", "{bad"}) {
      connect_raw(nsp, auth);
      CHECK(refusal() == "Unauthorized 5403");
    }
    for (const auto* auth : {R"({"token":"wrong"})", R"({"token":5})", R"({"token":{}})"}) {
      connect_raw(nsp, auth);
      CHECK(refusal() == "Invalid Token 5403");
    }
  }
  for (const auto* nsp :
       {"/nowhere", "/logs/none", "/logs/none/n1", "/shells/none", "/logs", "/logs/", "/shells/a/b"}) {
    connect(nsp);
    CHECK(refusal() == "Invalid namespace 5005");
  }
  directory->streams["/logs/lab-1"] = {make_stream(std::make_shared<stream_record>()), {}};
  directory->hidden.insert("/logs/lab-1");
  connect("/logs/lab-1");
  CHECK(refusal() == "No Access 5403");
  CHECK(gateway_heard->opened.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: the namespaces that are always there") {
  for (const auto* nsp : {"/", "/lab-commands"}) connect(nsp);
  REQUIRE(gateway_heard->opened.size() == 2);
  for (const auto& opened : gateway_heard->opened) {
    CHECK(opened.connection == connection_id{1});
    CHECK(opened.sid.size() == 20);
    CHECK(opened.pid.empty()); // without recovery
    CHECK_FALSE(opened.owner);
  }
  CHECK(gateway_heard->opened[0].sid != gateway_heard->opened[1].sid);
  for (const auto* nsp : {"/status-messages", "/lab-updates", "/shell-commands"}) connect(nsp);
  REQUIRE(bulletin->subscriptions.size() == 3);
  CHECK(bulletin->subscriptions[2].socket.nsp == "/shell-commands");
  CHECK(bulletin->subscriptions[2].user.name == "alice");
  CHECK(bulletin->subscriptions[2].socket.sid.size() == 20);
  CHECK(directory->sockets.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: each namespace has its own identity") {
  connect("/status-messages", "alice");
  connect("/lab-updates", "bob");
  CHECK(bulletin->subscriptions.at(0).user.name == "alice");
  CHECK(bulletin->subscriptions.at(1).user.name == "bob");
}

TEST_CASE_FIXTURE(session_fixture, "session: a stream is joined by its owner") {
  auto heard = std::make_shared<stream_record>();
  directory->streams["/logs/lab-1/n1"] = {make_stream(heard), {}};
  connect("/logs/lab-1/n1");
  REQUIRE(heard->subscriptions.size() == 1);
  const auto& asked = heard->subscriptions[0];
  CHECK(asked.gateway == gateway);
  CHECK(asked.connection == connection_id{1});
  CHECK(asked.nsp == "/logs/lab-1/n1");
  CHECK(asked.sid.size() == 20);
  CHECK(asked.pid.empty());
  CHECK_FALSE(asked.resume_after);
  CHECK(gateway_heard->refused.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: a stream that is gone is an invalid namespace") {
  auto heard = std::make_shared<stream_record>();
  auto stream = make_stream(heard);
  directory->streams["/logs/lab-1"] = {stream, {}};
  heard->refuse = failure(ec::queue_full, "too many");
  connect("/logs/lab-1");
  CHECK(refusal() == "Invalid namespace 5000");
  caf::anon_send_exit(stream, caf::exit_reason::kill);
  run();
  connect("/logs/lab-1");
  CHECK(refusal() == "Invalid namespace 5005");
}

TEST_CASE_FIXTURE(session_fixture, "session: a house that fails refuses, so that clients try again") {
  caf::anon_send_exit(world.accounts, caf::exit_reason::kill);
  caf::anon_send_exit(world.directory, caf::exit_reason::kill);
  run();
  connect("/");
  CHECK(refusal() == "Invalid namespace 5005");
}

TEST_CASE_FIXTURE(session_fixture,
                  "session: a client that leaves while it is being let in is answered once all the same") {
  directory->streams["/logs/lab-1"] = {make_stream(std::make_shared<stream_record>()), {}};
  for (const auto* nsp : {"/lab-commands", "/lab-updates", "/logs/lab-1", "/nowhere"}) {
    CAPTURE(nsp);
    self->send(it, client_connect{nsp, R"({"token":"alice"})"});
    self->send(it, client_disconnect{nsp});
    run();
    CHECK(refusal() == "Invalid namespace 5000"); // not for the client: the gateway waits for it
    CHECK(gateway_heard->opened.empty());
    CHECK(bulletin->subscriptions.empty());
  }
  self->send(it, client_disconnect{"/never-seen"});
  connect("/lab-commands");
  CHECK(gateway_heard->opened.size() == 1);
  CHECK(gateway_heard->refused.empty());
}

TEST_CASE_FIXTURE(session_fixture, "session: answers for one namespace do not overtake each other") {
  auto heard = std::make_shared<stream_record>();
  const auto stream = make_held_stream(heard);
  directory->streams["/logs/lab-1"] = {stream, {}};
  connect("/logs/lab-1");
  self->send(it, client_disconnect{"/logs/lab-1"});
  connect_raw("/logs/lab-1", "");                   // of the second the answer would be at hand,
  CHECK(gateway_heard->refused.empty());            // but the first one's is still under way
  self->send(it, client_disconnect{"/logs/lab-1"}); // and it is taken back as well
  connect_raw("/logs/lab-1", R"({"token":"wrong"})");
  CHECK(refusal() == "Invalid namespace 5000");
  self->send(stream, leave_stream{});
  run();
  CHECK(heard->subscriptions.size() == 1);
  CHECK(refusal() == "Invalid Token 5403");
}

TEST_CASE_FIXTURE(session_fixture, "session: a subscription that fails after the client left is answered") {
  auto heard = std::make_shared<stream_record>();
  const auto stream = make_held_stream(heard);
  directory->streams["/logs/lab-1"] = {stream, {}};
  connect("/logs/lab-1");
  self->send(it, client_disconnect{"/logs/lab-1"});
  run();
  CHECK(gateway_heard->refused.empty());
  heard->refuse = failure(ec::namespace_not_found, "the log has ended");
  self->send(stream, leave_stream{});
  run();
  CHECK(refusal() == "Invalid namespace 5005");
}

TEST_CASE_FIXTURE(session_fixture,
                  "session: namespaces are bounded, whatever they are; those that ended do not count") {
  auto heard = std::make_shared<stream_record>();
  const auto stream = make_stream(heard);
  const auto nsp = [](size_t i) { return (i % 2 == 0 ? "/logs/lab-" : "/shells/") + std::to_string(i); };
  for (size_t i = 0; i <= session_state::max_sockets; ++i) {
    directory->streams[nsp(i)] = {stream, {}};
    connect(nsp(i));
  }
  CHECK(refusal() == "Invalid namespace 5000");
  CHECK(heard->subscriptions.size() == session_state::max_sockets);
  emit(nsp(0), R"(["data"])");
  CHECK(ack().find("no events") != std::string::npos); // none was forgotten
  self->send(it, client_disconnect{nsp(1)});
  connect(nsp(session_state::max_sockets));
  CHECK(gateway_heard->refused.empty());
  CHECK(heard->subscriptions.size() == session_state::max_sockets + 1);
}

TEST_CASE_FIXTURE(session_fixture, "session: it ends with its connection") {
  connect("/lab-commands");
  self->send(it, connection_lost{"transport close"});
  run();
  CHECK(command(it, client_disconnect{"/"}) == caf::sec::request_receiver_down);
}

// -- connection state recovery ----------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(session_fixture, "session: sockets that can be resumed are made known, and lost") {
  it = make_session(true);
  connect("/lab-commands");
  connect("/lab-updates");
  REQUIRE(directory->sockets.size() == 2);
  CHECK(gateway_heard->opened.at(0).pid.size() == 20);
  CHECK(directory->sockets[0].pid == gateway_heard->opened[0].pid);
  CHECK(directory->sockets[0].sid == gateway_heard->opened[0].sid);
  CHECK(directory->sockets[0].nsp == "/lab-commands");
  CHECK(directory->sockets[0].user_id == "id-alice");
  CHECK(directory->sockets[1].pid == bulletin->subscriptions.at(0).socket.pid);
  self->send(it, client_disconnect{"/lab-commands"});
  run();
  REQUIRE(directory->sockets.size() == 3);
  CHECK(directory->sockets[2].left);
  CHECK(directory->sockets[2].pid == directory->sockets[0].pid);
  self->send(it, connection_lost{"ping timeout"});
  run();
  REQUIRE(directory->sockets.size() == 4);
  CHECK(directory->sockets[3].lost);
  CHECK_FALSE(directory->sockets[3].left);
  CHECK(directory->sockets[3].pid == directory->sockets[1].pid);
}

TEST_CASE_FIXTURE(session_fixture, "session: who comes back in time keeps its names") {
  it = make_session(true);
  directory->reclaimable["old pid"] = "old sid";
  auto heard = std::make_shared<stream_record>();
  directory->streams["/logs/lab-1"] = {make_stream(heard), {}};
  const std::string more = R"(,"pid":"old pid","offset":"17")";
  connect("/logs/lab-1", "alice", more);
  REQUIRE(heard->subscriptions.size() == 1);
  CHECK(heard->subscriptions[0].sid == "old sid");
  CHECK(heard->subscriptions[0].pid == "old pid");
  CHECK(heard->subscriptions[0].resume_after == 17u);
  // Should the stream not have what was missed, the fresh names are known already.
  REQUIRE(directory->sockets.size() == 1);
  CHECK(directory->sockets[0].pid == heard->subscriptions[0].fresh_pid);
  CHECK(directory->sockets[0].sid == heard->subscriptions[0].fresh_sid);
  connect("/status-messages", "alice", more);
  CHECK(bulletin->subscriptions.at(0).socket.resume_after == 17u);
  connect("/lab-commands", "alice", more);
  CHECK(gateway_heard->opened.at(0).sid == "old sid");
  CHECK(gateway_heard->opened.at(0).pid == "old pid");
  directory->sockets.clear();
  self->send(it, connection_lost{"transport close"});
  run();
  CHECK(directory->sockets.size() == 6); // the old pid and the fresh one, of each
}

TEST_CASE_FIXTURE(session_fixture, "session: who comes back too late, or makes it up, begins anew") {
  it = make_session(true);
  for (const auto* more : {R"(,"pid":"unknown","offset":"17")", R"(,"pid":"old pid")", R"(,"pid":5,"offset":"17")"}) {
    connect("/lab-commands", "alice", more);
    REQUIRE_FALSE(gateway_heard->opened.empty());
    CHECK(gateway_heard->opened.back().pid.size() == 20);
    CHECK(directory->sockets.back().pid == gateway_heard->opened.back().pid);
    self->send(it, client_disconnect{"/lab-commands"});
    run();
  }
}

TEST_CASE_FIXTURE(session_fixture, "session: without recovery nothing is resumed") {
  directory->reclaimable["old pid"] = "old sid";
  connect("/lab-commands", "alice", R"(,"pid":"old pid","offset":"17")");
  CHECK(gateway_heard->opened.at(0).pid.empty());
  CHECK(gateway_heard->opened[0].sid != "old sid");
}

TEST_CASE_FIXTURE(session_fixture, "session: a socket that was refused after all is not to be resumed") {
  it = make_session(true);
  directory->reclaimable["old pid"] = "old sid";
  connect("/logs/none", "alice", R"(,"pid":"old pid","offset":"17")");
  CHECK(refusal() == "Invalid namespace 5005");
  REQUIRE(directory->sockets.size() == 3);
  CHECK(directory->sockets[1].pid == "old pid");
  CHECK(directory->sockets[1].left);
  CHECK(directory->sockets[2].left);
}

TEST_CASE_FIXTURE(session_fixture, "session: a connection lost while it reclaims gives the socket back") {
  it = make_session(true);
  directory->reclaimable["old pid"] = "old sid";
  self->send(it, client_connect{"/lab-commands", R"({"token":"alice","pid":"old pid","offset":"17"})"});
  for (const auto* turn : {"session: connect", "accounts: verify", "session: reclaim"}) {
    CAPTURE(turn);
    sched.run_once();
  }
  self->send(it, connection_lost{"transport close"});
  run();
  CHECK(gateway_heard->opened.empty());
  REQUIRE(directory->sockets.size() == 1);
  CHECK(directory->sockets[0].pid == "old pid");
  CHECK(directory->sockets[0].lost);
  CHECK(command(it, client_disconnect{"/"}) == caf::sec::request_receiver_down);
}

TEST_CASE_FIXTURE(session_fixture, "session: one that fails gives its sockets back") {
  it = make_session(true);
  connect("/lab-commands");
  REQUIRE(directory->sockets.size() == 1);
  caf::anon_send_exit(it, caf::exit_reason::kill);
  run();
  REQUIRE(directory->sockets.size() == 2);
  CHECK(directory->sockets[1].pid == directory->sockets[0].pid);
  CHECK(directory->sockets[1].lost);
}

TEST_CASE_FIXTURE(session_fixture, "session: nothing is opened any more once the connection is lost") {
  it = make_session(true);
  with_lab();
  lab->hold = true;
  emit("/lab-commands", R"(["data",{"labId":"lab-1","command":0}])", -1); // keeps the session
  const auto stream = make_held_stream(std::make_shared<stream_record>());
  directory->streams["/logs/lab-1"] = {stream, {}};
  connect("/logs/lab-1");
  self->send(it, client_disconnect{"/logs/lab-1"});
  connect("/logs/lab-1"); // waits for the first one's answer
  self->send(it, connection_lost{"transport close"});
  run();
  directory->sockets.clear();
  self->send(stream, leave_stream{});
  run();
  CHECK(directory->sockets.empty());
}
