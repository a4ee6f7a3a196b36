#include "transport/runtime/ssh/ssh_session.hpp"

#include "actors/error.hpp"
#include "transport/runtime/ssh/dial.hpp"

#include <algorithm>
#include <mutex>
#include <poll.h>

namespace stibium::runtime {

namespace {

// libssh does not always show on the socket that it can go on.
constexpr std::chrono::milliseconds longest_wait{50};
constexpr size_t max_reason = 300;
constexpr int max_prompt_rounds = 8;

// What is offered: libssh's own choice, and after it what older virtual machines still need.
constexpr const char* offered_ciphers = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,"
                                        "aes256-ctr,aes192-ctr,aes128-ctr,aes256-cbc,aes192-cbc,aes128-cbc,3des-cbc";
constexpr const char* offered_macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,"
                                     "hmac-sha2-512,hmac-sha1-etm@openssh.com,hmac-sha1";
constexpr const char* offered_keys = "ssh-ed25519,ecdsa-sha2-nistp521,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256,"
                                     "rsa-sha2-512,rsa-sha2-256,ssh-rsa";
constexpr std::pair<ssh_options_e, const char*> offers[] = {
    {SSH_OPTIONS_KEY_EXCHANGE,
     "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
     "diffie-hellman-group18-sha512,diffie-hellman-group16-sha512,diffie-hellman-group-exchange-sha256,"
     "diffie-hellman-group14-sha256,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"},
    {SSH_OPTIONS_HOSTKEYS, offered_keys},
    {SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, offered_keys},
    {SSH_OPTIONS_CIPHERS_C_S, offered_ciphers},
    {SSH_OPTIONS_CIPHERS_S_C, offered_ciphers},
    {SSH_OPTIONS_HMAC_C_S, offered_macs},
    {SSH_OPTIONS_HMAC_S_C, offered_macs},
};

// Shells are opened side by side, and all write to the same file.
std::mutex& known_hosts_mutex() {
  static std::mutex mutex;
  return mutex;
}

} // namespace

void ssh_session_free::operator()(ssh_session session) const {
  ssh_silent_disconnect(session); // the polite one leaves the socket open, as libssh has not opened it
  ::ssh_free(session);
}

void ssh_key_free::operator()(ssh_key key) const { ::ssh_key_free(key); }

ssh_dialogue::ssh_dialogue(const ssh_request& what)
    : what_(what)
    , until_(std::chrono::steady_clock::now() + what.deadline) {}

caf::error ssh_dialogue::open() {
  using step = caf::error (ssh_dialogue::*)();
  for (const step each : {&ssh_dialogue::dial, &ssh_dialogue::greet, &ssh_dialogue::check_host, &ssh_dialogue::log_in,
                          &ssh_dialogue::start})
    if (auto error = (this->*each)()) return error;
  return {};
}

caf::error ssh_dialogue::dial() {
  if (!what_.key_file.empty()) {
    ssh_key key = nullptr;
    if (ssh_pki_import_privkey_file(what_.key_file.c_str(), "", nullptr, nullptr, &key) != SSH_OK)
      return wrong("the key " + what_.key_file + " cannot be read");
    key_.reset(key);
  }
  auto connection = runtime::dial(what_.host, what_.port, until_);
  if (!connection.fd) return wrong(connection.reason);
  session.reset(ssh_new());
  if (!session) return wrong("no memory");
  ssh_set_blocking(session.get(), 0);
  const bool off = false;
  const unsigned port = what_.port;
  ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &off);
  ssh_options_set(session.get(), SSH_OPTIONS_HOST, what_.host.c_str());
  ssh_options_set(session.get(), SSH_OPTIONS_PORT, &port);
  ssh_options_set(session.get(), SSH_OPTIONS_USER, what_.user.c_str());
  for (const auto& [option, value] : offers) ssh_options_set(session.get(), option, value);
  if (what_.policy != host_keys::ignore) {
    ssh_options_set(session.get(), SSH_OPTIONS_KNOWNHOSTS, what_.known_hosts.c_str());
    ssh_options_set(session.get(), SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
  }
  socket_t fd = connection.fd.release(); // libssh closes it
  ssh_options_set(session.get(), SSH_OPTIONS_FD, &fd);
  return {};
}

caf::error ssh_dialogue::greet() {
  if (drive([this] { return ssh_connect(session.get()); }, SSH_AGAIN) == SSH_OK) return {};
  return wrong("no SSH there: " + reason());
}

caf::error ssh_dialogue::check_host() {
  if (what_.policy == host_keys::ignore) return {};
  const std::lock_guard lock{known_hosts_mutex()};
  switch (ssh_session_is_known_server(session.get())) {
  case SSH_KNOWN_HOSTS_OK: return {};
  case SSH_KNOWN_HOSTS_CHANGED:
  case SSH_KNOWN_HOSTS_OTHER:
    return wrong("host key changed; if that is as it should be, remove the host from " + what_.known_hosts);
  case SSH_KNOWN_HOSTS_UNKNOWN:
  case SSH_KNOWN_HOSTS_NOT_FOUND:
    if (what_.policy == host_keys::strict) return wrong("host key not known; add the host to " + what_.known_hosts);
    if (ssh_session_update_known_hosts(session.get()) == SSH_OK) return {};
    return wrong("cannot write the host key to " + what_.known_hosts + ": " + reason());
  default: return wrong("the host key cannot be checked: " + reason());
  }
}

caf::error ssh_dialogue::log_in() {
  const auto none = drive([this] { return ssh_userauth_none(session.get(), nullptr); }, SSH_AUTH_AGAIN);
  if (none == SSH_AUTH_SUCCESS) return {};
  if (none == SSH_AUTH_ERROR) return wrong("the login broke off: " + reason());
  const auto offered = ssh_userauth_list(session.get(), nullptr);
  // A server that says nothing of its methods may take any.
  const auto may = [offered](unsigned method) {
    return offered == 0 || (static_cast<unsigned>(offered) & method) != 0;
  };
  if (key_ && may(SSH_AUTH_METHOD_PUBLICKEY) && try_key()) return {};
  if (!what_.password.empty() && may(SSH_AUTH_METHOD_PASSWORD) && try_password()) return {};
  if (!what_.password.empty() && may(SSH_AUTH_METHOD_INTERACTIVE) && try_prompts()) return {};
  if (!ssh_is_connected(session.get())) return wrong("the login broke off: " + reason());
  return wrong("authentication failed for user \"" + what_.user + "\"");
}

bool ssh_dialogue::try_key() {
  return drive([this] { return ssh_userauth_publickey(session.get(), nullptr, key_.get()); }, SSH_AUTH_AGAIN) ==
         SSH_AUTH_SUCCESS;
}

bool ssh_dialogue::try_password() {
  return drive([this] { return ssh_userauth_password(session.get(), nullptr, what_.password.c_str()); },
               SSH_AUTH_AGAIN) == SSH_AUTH_SUCCESS;
}

bool ssh_dialogue::try_prompts() {
  for (int round = 0; round < max_prompt_rounds; ++round) {
    const auto got = drive([this] { return ssh_userauth_kbdint(session.get(), nullptr, nullptr); }, SSH_AUTH_AGAIN);
    if (got != SSH_AUTH_INFO) return got == SSH_AUTH_SUCCESS;
    for (int i = 0; i < ssh_userauth_kbdint_getnprompts(session.get()); ++i) {
      char shown = 0; // what may be seen is a name, what may not is the password
      ssh_userauth_kbdint_getprompt(session.get(), static_cast<unsigned>(i), &shown);
      const auto& answer = shown ? what_.user : what_.password;
      if (ssh_userauth_kbdint_setanswer(session.get(), static_cast<unsigned>(i), answer.c_str()) < 0) return false;
    }
  }
  return false;
}

caf::error ssh_dialogue::start() {
  channel = ssh_channel_new(session.get());
  if (!channel) return wrong("no memory");
  if (drive([this] { return ssh_channel_open_session(channel); }, SSH_AGAIN) != SSH_OK)
    return wrong("it opens no session: " + reason());
  const auto pty = [this] {
    return ssh_channel_request_pty_size(channel, what_.term.c_str(), what_.size.cols, what_.size.rows);
  };
  if (drive(pty, SSH_AGAIN) != SSH_OK) return wrong("it gives no terminal: " + reason());
  const auto program = [this] {
    return what_.command.empty() ? ssh_channel_request_shell(channel)
                                 : ssh_channel_request_exec(channel, what_.command.c_str());
  };
  if (drive(program, SSH_AGAIN) != SSH_OK) return wrong("it starts no shell: " + reason());
  return {};
}

template <class Step>
int ssh_dialogue::drive(Step step, int again) {
  for (;;) {
    const int result = step();
    if (result != again || !wait()) return result;
  }
}

bool ssh_dialogue::wait() {
  const auto rest = left();
  if (rest.count() <= 0) return false;
  pollfd on{ssh_get_fd(session.get()), POLLIN, 0};
  if (ssh_get_poll_flags(session.get()) & SSH_WRITE_PENDING) on.events |= POLLOUT;
  ::poll(&on, 1, static_cast<int>(std::min(rest, longest_wait).count()));
  return true;
}

std::chrono::milliseconds ssh_dialogue::left() const {
  return std::chrono::ceil<std::chrono::milliseconds>(until_ - std::chrono::steady_clock::now());
}

caf::error ssh_dialogue::wrong(const std::string& text) const {
  const auto place = "no shell at " + what_.host + " port " + std::to_string(what_.port) + ": ";
  if (left().count() > 0) return failure(ec::runtime_failed, place + text);
  return failure(ec::deadline_passed, place + "no answer within " + std::to_string(what_.deadline.count()) + " ms");
}

std::string ssh_dialogue::reason() const {
  std::string text = ssh_get_error(session.get());
  if (text.empty()) return "it says no reason";
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, ' ');
  return text.substr(0, max_reason);
}

} // namespace stibium::runtime
