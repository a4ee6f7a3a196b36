#include "transport/runtime/ssh/ssh_channel.hpp"

#include "actors/error.hpp"
#include "transport/runtime/ssh/ssh_session.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <libssh/callbacks.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace stibium::runtime {

namespace asio = boost::asio;
using descriptor = asio::posix::stream_descriptor;

namespace {

// One turn of the loop takes this many reads of libssh (4 KiB each) from a connection, then others have theirs.
constexpr int max_steps = 32;
constexpr size_t max_write = 32 * 1024;
// A server that keeps to the channel's window (1.25 MiB) never has more than this waiting here.
constexpr int max_waiting = 4 * 1024 * 1024;

// A terminal on the far side of an SSH connection. libssh reads and writes the socket, whenever there is something to
// read there; what it has read waits in its channel, bounded by the channel's window.
class ssh_terminal final : public terminal_channel, public std::enable_shared_from_this<ssh_terminal> {
public:
  ssh_terminal(asio::io_context& context, ssh_dialogue& made)
      : socket_(context, ::dup(ssh_get_fd(made.session.get())))
      , event_(ssh_event_new())
      , session_(std::move(made.session))
      , channel_(made.channel) {
    hooks_.userdata = this;
    hooks_.channel_close_function = [](ssh_session, ssh_channel, void* me) {
      static_cast<ssh_terminal*>(me)->over_ = true;
    };
    hooks_.channel_exit_status_function = [](ssh_session, ssh_channel, int status, void* me) {
      static_cast<ssh_terminal*>(me)->how_ = "exit code " + std::to_string(status);
    };
    hooks_.channel_exit_signal_function = [](ssh_session, ssh_channel, const char* name, int, const char*, const char*,
                                             void* me) {
      static_cast<ssh_terminal*>(me)->how_ = std::string{"signal "} + name;
    };
    ssh_callbacks_init(&hooks_);
    ssh_set_channel_callbacks(channel_, &hooks_);
    ssh_event_add_session(event_, session_.get());
  }

  ~ssh_terminal() override {
    kill();
    ssh_event_remove_session(event_, session_.get());
    ssh_event_free(event_);
    ssh_remove_channel_callbacks(channel_, &hooks_);
    ssh_channel_free(channel_);
  }

  void when_readable(callback then) override {
    readable_ = std::move(then);
    begin();
  }
  void when_writable(callback then) override {
    writable_ = std::move(then);
    begin();
  }
  void when_ended(callback then) override {
    ended_ = std::move(then);
    begin();
  }

  channel_result read(char* into, size_t room) override {
    const auto size = static_cast<uint32_t>(room);
    int got = ssh_channel_read_nonblocking(channel_, into, size, 0);
    if (const bool errors = got <= 0 && ssh_channel_poll(channel_, 1) > 0; errors)
      got = ssh_channel_read_nonblocking(channel_, into, size, 1);
    if (got <= 0) return {over_ || got != 0 ? channel_result::kind::closed : channel_result::kind::would_block};
    flush(); // the window may have been widened
    return {channel_result::kind::done, static_cast<size_t>(got)};
  }

  channel_result write(std::string_view bytes) override {
    if (over_ || hung_up_) return {channel_result::kind::closed};
    if (!has_room()) return {channel_result::kind::would_block};
    const auto size = std::min({bytes.size(), max_write, size_t{ssh_channel_window_size(channel_)}});
    const int put = ssh_channel_write(channel_, bytes.data(), static_cast<uint32_t>(size));
    flush();
    if (put < 0) return {channel_result::kind::closed};
    return put == 0 ? channel_result{channel_result::kind::would_block}
                    : channel_result{channel_result::kind::done, static_cast<size_t>(put)};
  }

  void resize(shell_size size) override {
    if (over_ || hung_up_) return;
    ssh_channel_change_pty_size(channel_, size.cols, size.rows);
    flush();
  }

  void hang_up() override {
    if (over_ || std::exchange(hung_up_, true)) return;
    ssh_channel_close(channel_);
    flush();
  }

  void kill() override {
    if (over_) return;
    if (!hung_up_) {
      ssh_channel_request_send_signal(channel_, "KILL");
      ssh_channel_close(channel_);
    }
    step();
    over_ = true;
    ::shutdown(socket_.native_handle(), SHUT_RDWR);
    settle_soon();
  }

  terminal_ended ending() override {
    if (!how_.empty()) return {"program ended (" + how_ + ")", false};
    return lost_ ? terminal_ended{"connection to the node lost", true} : terminal_ended{"closed by the node", false};
  }

private:
  // Starts to look at the connection, once, and tells what is there already.
  void begin() {
    if (!std::exchange(begun_, true)) watch(descriptor::wait_read);
    flush();
  }

  void watch(descriptor::wait_type what) {
    socket_.async_wait(what, [weak = weak_from_this(), what](boost::system::error_code code) {
      const auto me = weak.lock();
      if (code || !me) return;
      if (what == descriptor::wait_write) me->draining_ = false;
      me->step();
      me->settle();
      if (what == descriptor::wait_read && !me->over_) me->watch(what);
    });
  }

  // Lets libssh read and write what it can without waiting.
  void step() {
    for (int i = 0; i < max_steps && !over_; ++i) {
      // libssh forgets what waits to be read once it sees that the connection has broken, so it never sees that.
      char next;
      const auto there = ::recv(socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
      if (there == 0 || (there < 0 && errno != EAGAIN && errno != EINTR)) return lose();
      if (there < 0 && !has_unsent()) break;
      const int result = ssh_event_dopoll(event_, 0);
      if (!over_ && (result == SSH_ERROR || !ssh_is_connected(session_.get()))) return lose();
      if (result != SSH_OK) break;
    }
    if (!over_ && waiting() > max_waiting) return lose();
    if (over_ || draining_ || !has_unsent()) return;
    draining_ = true;
    watch(descriptor::wait_write);
  }

  void lose() { over_ = lost_ = true; }

  void flush() {
    step();
    settle_soon();
  }

  // Nothing is called back from inside a call of the terminal.
  void settle_soon() {
    if (!readable_ && !writable_ && !ended_) return;
    asio::post(socket_.get_executor(), [weak = weak_from_this()] {
      if (const auto me = weak.lock()) me->settle();
    });
  }

  // Calls back whoever waits for what is there now.
  void settle() {
    if (readable_ && (over_ || waiting() != 0)) call(readable_);
    if (writable_ && (over_ || hung_up_ || has_room())) call(writable_);
    if (ended_ && over_) call(ended_);
  }

  // Bytes that can be read, of one stream and then the other; negative at their end.
  int waiting() {
    const int out = ssh_channel_poll(channel_, 0);
    if (out > 0) return out;
    const int err = ssh_channel_poll(channel_, 1);
    return err > 0 ? err : out;
  }

  static void call(callback& who) { std::exchange(who, nullptr)(); }

  bool has_unsent() { return (ssh_get_poll_flags(session_.get()) & SSH_WRITE_PENDING) != 0; }
  bool has_room() { return ssh_channel_window_size(channel_) > 0 && !has_unsent(); }

  descriptor socket_; // a second descriptor of libssh's connection, to wait on
  ssh_event event_;
  std::unique_ptr<ssh_session_struct, ssh_session_free> session_;
  ssh_channel channel_;
  ssh_channel_callbacks_struct hooks_{};
  callback readable_, writable_, ended_;
  std::string how_; // the program ended
  bool begun_ = false, draining_ = false, hung_up_ = false;
  bool over_ = false, lost_ = false; // nothing comes any more; because the connection broke
};

} // namespace

ssh_request ssh_login(const shell_method& how, std::string host, shell_size size) {
  ssh_request result;
  result.host = std::move(host);
  result.port = how.port;
  result.user = how.user;
  result.password = how.password;
  result.key_file = how.key_file;
  result.size = size;
  if (how.commands.empty()) return result;
  for (const auto& word : how.commands.front()) result.command += (result.command.empty() ? "" : " ") + word;
  return result;
}

caf::expected<std::shared_ptr<terminal_channel>> open_ssh(io::io_thread& thread, const ssh_request& what) {
  ssh_dialogue dialogue{what};
  if (auto error = dialogue.open()) return error;
  return std::shared_ptr<terminal_channel>{std::make_shared<ssh_terminal>(thread.context(), dialogue)};
}

} // namespace stibium::runtime
