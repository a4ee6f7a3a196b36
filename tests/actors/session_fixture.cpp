#include "tests/actors/session_fixture.hpp"

namespace stibium::test {

session_fixture::session_fixture() {
  accounts->tokens["alice"] = user("alice", {"net1"});
  accounts->tokens["bob"] = user("bob");
  it = make_session();
}

session_fixture::~session_fixture() {
  it = nullptr, shell_handle = nullptr, lab_handle = nullptr;
  *shell = {}, *lab = {};
}

session_actor session_fixture::make_session(bool recovery) {
  return spawn(session, session_setup{world, gateway, {1}, recovery, "127.0.0.1"});
}

stream_actor session_fixture::make_stream(std::shared_ptr<stream_record> record) {
  return spawn([record](stream_actor::pointer) -> stream_actor::behavior_type {
    return {[record](const subscription& who) -> caf::result<void> {
      record->subscriptions.push_back(who);
      if (record->refuse) return record->refuse;
      return caf::unit;
    }};
  });
}

log_stream_actor session_fixture::make_held_stream(std::shared_ptr<stream_record> rec) {
  return spawn([rec](log_stream_actor::pointer self) -> log_stream_actor::behavior_type {
    return {[=](const subscription& who) -> caf::result<void> {
              rec->subscriptions.push_back(who);
              rec->held.push_back(self->make_response_promise());
              return caf::delegated<void>{};
            },
            [=](const leave_stream&) {
              for (auto& promise : std::exchange(rec->held, {})) {
                if (rec->refuse)
                  promise.deliver(rec->refuse);
                else
                  promise.deliver(caf::unit);
              }
            },
            [](atom::congested, connection_id) {},
            [](atom::drained, connection_id) {},
            [](const log_lines&) {},
            [](atom::reset) {},
            [](atom::close) {}};
  });
}

shell_actor session_fixture::make_shell(std::shared_ptr<shell_record> rec) {
  return spawn([rec](shell_actor::pointer self) -> shell_actor::behavior_type {
    const auto outcome = [rec, self]() -> caf::result<void> {
      if (rec->refuse) return rec->refuse;
      if (!rec->hold) return caf::unit;
      rec->held.push_back(self->make_response_promise());
      return caf::delegated<void>{};
    };
    return {[rec](const subscription& who) { rec->subscriptions.push_back(who); },
            [](const leave_stream&) {},
            [](atom::congested, connection_id) {},
            [](atom::drained, connection_id) {},
            [](const terminal_output&) {},
            [](const terminal_ended&) {},
            [=](const shell_input& in) {
              rec->typed.push_back(in);
              return outcome();
            },
            [=](const shell_size& size) {
              rec->sizes.push_back(size);
              return outcome();
            },
            [](const terminal_actor&) {},
            [=](atom::close, const std::string& reason) {
              rec->closed.push_back(reason);
              return outcome();
            }};
  });
}

lab_actor session_fixture::make_lab(std::shared_ptr<lab_record> rec) {
  return spawn([rec](lab_actor::pointer self) -> lab_actor::behavior_type {
    return {[=](const lab_command& what) -> caf::result<void> {
              rec->commands.push_back(what);
              if (rec->refuse) return rec->refuse;
              if (!rec->hold) return caf::unit;
              rec->held.push_back(self->make_response_promise());
              return caf::delegated<void>{};
            },
            [rec](const open_shell& what) -> caf::result<shell_id> {
              rec->shells.push_back(what);
              if (rec->refuse) return rec->refuse;
              return shell_id{"s1"};
            },
            [](const node_event&) {}, [](const lab_file&) {}, [self](const lab_file_gone&) { self->quit(); }};
  });
}

void session_fixture::connect(const std::string& nsp, const std::string& token, const std::string& more) {
  connect_raw(nsp, R"({"token":")" + token + '"' + more + '}');
}

void session_fixture::connect_raw(const std::string& nsp, const std::string& auth) {
  self->send(it, client_connect{nsp, auth});
  run();
}

void session_fixture::emit_later(const std::string& nsp, const std::string& json, int ack) {
  client_event event;
  event.nsp = nsp;
  if (ack >= 0) event.ack = static_cast<uint64_t>(ack);
  event.json = json;
  self->send(it, event);
}

void session_fixture::emit(const std::string& nsp, const std::string& json, int ack) {
  emit_later(nsp, json, ack);
  run();
}

void session_fixture::with_lab(bool may_command) {
  lab_handle = make_lab(lab);
  directory->labs["lab-1"] = {lab_handle, may_command};
  connect("/lab-commands");
}

void session_fixture::with_shell() {
  shell_handle = make_shell(shell);
  directory->streams["/shells/s1"] = {shell_handle, shell_handle};
  directory->shells["s1"] = shell_handle;
  connect("/shells/s1");
}

std::string session_fixture::ack() {
  REQUIRE(gateway_heard->replies.size() == 1);
  auto json = gateway_heard->replies[0].json;
  gateway_heard->replies.clear();
  return json;
}

std::string session_fixture::refusal() {
  REQUIRE(gateway_heard->refused.size() == 1);
  const auto refused = gateway_heard->refused[0];
  gateway_heard->refused.clear();
  CHECK_FALSE(refused.detail.empty());
  return refused.title + ' ' + std::to_string(refused.code);
}

bool is_error(const std::string& ack, int code) {
  const auto begin = R"({"code":)" + std::to_string(code) + R"(,"message":")";
  return ack.starts_with(begin) && ack.size() > begin.size() + 2;
}

} // namespace stibium::test
