#include "actors/error.hpp"
#include "tests/transport/runtime/ssh/sshd.hpp"

#include <doctest/doctest.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>

#include <sys/socket.h>

// libssh would rather have its callbacks used; messages are the shorter way for so small a server.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

using namespace stibium;
using namespace stibium::test;
using runtime::host_keys;

namespace {

struct login_fixture : ssh_fixture {
  sshd server;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// A far side made with libssh. It lets in whoever knows "hunter2", as a password or typed at a prompt after a name.
struct password_server {
  explicit password_server(int offered)
      : methods(offered) {}

  void serve(int fd, const std::string& key) {
    auto* bind = ssh_bind_new();
    session = ssh_new();
    const bool off = false;
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &off);
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, key.c_str());
    if (ssh_bind_accept_fd(bind, session, fd) == SSH_OK && ssh_handle_key_exchange(session) == SSH_OK) {
      ssh_set_auth_methods(session, methods);
      while (auto* message = ssh_message_get(session)) {
        answer(message);
        ssh_message_free(message);
      }
    }
    ssh_disconnect(session);
    ssh_free(session);
    ssh_bind_free(bind);
  }

  void answer(ssh_message message) {
    const int type = ssh_message_type(message), subtype = ssh_message_subtype(message);
    if (type == SSH_REQUEST_CHANNEL_OPEN) {
      channel = ssh_message_channel_request_open_reply_accept(message);
    } else if (type == SSH_REQUEST_CHANNEL && subtype == SSH_CHANNEL_REQUEST_SHELL) {
      ssh_message_channel_request_reply_success(message);
      ssh_channel_write(channel, "wel", 3);
      ssh_channel_write_stderr(channel, "come", 4);
      ssh_channel_send_eof(channel);
      ssh_channel_close(channel);
    } else if (type == SSH_REQUEST_CHANNEL && subtype == SSH_CHANNEL_REQUEST_PTY) {
      ssh_message_channel_request_reply_success(message);
    } else if (type == SSH_REQUEST_AUTH && (subtype & methods)) {
      authenticate(message, subtype);
    } else {
      ssh_message_reply_default(message);
    }
  }

  void authenticate(ssh_message message, int method) {
    bool good = false;
    if (method == SSH_AUTH_METHOD_PASSWORD) {
      good = std::string{ssh_message_auth_password(message)} == "hunter2";
    } else if (ssh_message_auth_kbdint_is_response(message)) {
      good = std::string{ssh_userauth_kbdint_getanswer(session, 0)} == "admin" &&
             std::string{ssh_userauth_kbdint_getanswer(session, 1)} == "hunter2";
    } else {
      const char* prompts[] = {"Name: ", "Password: "};
      char shown[] = {1, 0};
      ssh_message_auth_interactive_request(message, "", "", 2, prompts, shown);
      return;
    }
    if (good)
      ssh_message_auth_reply_success(message, 0);
    else
      ssh_message_reply_default(message);
  }

  int methods;
  ssh_session session = nullptr;
  ssh_channel channel = nullptr;
};

runtime::ssh_request password_login(const door& at, std::string password) {
  runtime::ssh_request what;
  what.host = "127.0.0.1";
  what.port = at.port();
  what.user = "admin";
  what.password = std::move(password);
  what.deadline = std::chrono::seconds{20};
  return what;
}

} // namespace

TEST_SUITE("ssh shells" * doctest::skip(no_sshd())) {
  TEST_CASE_FIXTURE(login_fixture, "ssh: a key that the server does not know is refused, and named when unreadable") {
    auto what = server.login();
    what.key_file = server.folder / "stranger";
    const auto text = refusal(what);
    CHECK(contains(text, "no shell at 127.0.0.1 port "));
    CHECK(contains(text, "authentication failed for user \"root\""));
    what.key_file = server.folder / "nowhere";
    CHECK(contains(refusal(what), "nowhere cannot be read"));
    what.key_file.clear();
    CHECK(contains(refusal(what), "authentication failed"));
  }

  TEST_CASE_FIXTURE(login_fixture, "ssh: host keys are ignored, remembered, or must be known") {
    auto what = server.login("echo in");
    what.policy = host_keys::strict;
    CHECK(contains(refusal(what), "host key not known"));
    what.policy = host_keys::accept_new;
    CHECK(contains(open(what)->until("in"), "in"));
    what.policy = host_keys::strict;
    CHECK(contains(open(what)->until("in"), "in"));
    server.change_host_key();
    CHECK(contains(refusal(what), "host key changed"));
    what.policy = host_keys::accept_new;
    CHECK(contains(refusal(what), "host key changed"));
    what.policy = host_keys::ignore;
    CHECK(contains(open(what)->until("in"), "in"));
  }

  TEST_CASE_FIXTURE(login_fixture, "ssh: passwords and prompts are answered") {
    for (const int methods : {SSH_AUTH_METHOD_PASSWORD, SSH_AUTH_METHOD_INTERACTIVE}) {
      CAPTURE(methods);
      const door far{[methods, key = server.folder / "host"](int fd) { password_server{methods}.serve(fd, key); }};
      const auto shell = open(password_login(far, "hunter2"));
      CHECK(shell->end().reason == "closed by the node");
      CHECK(shell->output() == "welcome");
      CHECK(contains(refusal(password_login(far, "wrong")), "authentication failed for user \"admin\""));
    }
  }
}

TEST_CASE_FIXTURE(ssh_fixture, "ssh: what does not answer, or is no SSH, is told within the deadline") {
  runtime::ssh_request what;
  what.host = "127.0.0.1";
  what.user = "admin";
  {
    const door closed{[](int fd) { ::close(fd); }};
    what.port = closed.port();
    CHECK(contains(refusal(what), "no SSH there"));
  }
  CHECK(contains(refusal(what), "connection refused"));
  {
    const door talkative{[](int fd) {
      const runtime::unique_fd connection{fd};
      ::send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL);
      ::shutdown(fd, SHUT_WR);
      char buffer[256];
      while (::read(fd, buffer, sizeof buffer) > 0) {
      }
    }};
    what.port = talkative.port();
    CHECK(contains(refusal(what), "no SSH there"));
  }
  {
    const door silent{[](int fd) {
      const runtime::unique_fd connection{fd};
      char buffer[256];
      while (::read(fd, buffer, sizeof buffer) > 0) {
      } // until the other side gives up
    }};
    what.port = silent.port();
    what.deadline = std::chrono::milliseconds{100};
    CHECK(contains(refusal(what, ec::deadline_passed), "no answer within 100 ms"));
  }
  what.host = "not a name";
  CHECK(contains(refusal(what), "no shell at not a name"));
}

TEST_CASE("ssh: a kind's login becomes a request") {
  const runtime::shell_method how{runtime::shell_via::ssh, {{"show", "version"}}, "me", "secret", "/key", 2222};
  const auto what = runtime::ssh_login(how, "10.0.0.1", {90, 30});
  CHECK(what.host == "10.0.0.1");
  CHECK(what.port == 2222);
  CHECK(what.user == "me");
  CHECK(what.password == "secret");
  CHECK(what.key_file == "/key");
  CHECK(what.command == "show version");
  CHECK(what.size.cols == 90);
  CHECK(runtime::ssh_login({runtime::shell_via::ssh, {}, "me", "", "", 22}, "h", {}).command.empty());
}
