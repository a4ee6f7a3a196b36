#include "actors/error.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/exec_ending.hpp"
#include "transport/runtime/docker/exec_stream.hpp"
#include "transport/runtime/docker/http_call.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <optional>
#include <sys/socket.h>

// A terminal in a container, as its terminal actor sees it.

namespace stibium::docker {

namespace asio = boost::asio;
using boost::system::error_code;
using descriptor = asio::posix::stream_descriptor;
using runtime::channel_result;

namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 100ms;
constexpr int most_looks = 20;     // for how the program has ended: Docker knows it a moment after its output ends
constexpr int node_looks = 10;     // for whether the node ended with it
constexpr auto kill_patience = 5s; // for the end of a program that has been killed
constexpr auto end_patience = 15s; // for Docker to say how
constexpr int killed = 128 + 9;

class exec_channel final : public runtime::terminal_channel, public std::enable_shared_from_this<exec_channel> {
public:
  exec_channel(asio::io_context& context, exec_stream stream)
      : context_(context)
      , what_(std::move(stream))
      , socket_(context, what_.fd.release())
      , looking_(context)
      , patience_(context) {}

  ~exec_channel() override {
    if (!told_ || closing_) end("KILL");
    if (resizing_) resizing_->close();
    if (asking_) asking_->close();
  }

  void when_readable(callback then) override {
    if (!what_.first.empty()) return asio::post(context_, guarded(std::move(then)));
    wait(descriptor::wait_read, std::move(then));
  }
  void when_writable(callback then) override { wait(descriptor::wait_write, std::move(then)); }

  void when_ended(callback then) override {
    if (told_) return asio::post(context_, guarded(std::move(then)));
    ended_ = std::move(then);
  }

  channel_result read(char* into, size_t room) override {
    if (!what_.first.empty()) {
      const auto n = what_.first.copy(into, room);
      what_.first.erase(0, n);
      return {channel_result::kind::done, n};
    }
    if (over_) return {channel_result::kind::closed};
    const auto n = ::recv(socket_.native_handle(), into, room, MSG_DONTWAIT);
    if (n > 0) return {channel_result::kind::done, static_cast<size_t>(n)};
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {channel_result::kind::would_block};
    stream_ended();
    return {channel_result::kind::closed};
  }

  channel_result write(std::string_view bytes) override {
    const auto n = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return {channel_result::kind::done, static_cast<size_t>(n)};
    return {errno == EAGAIN || errno == EINTR ? channel_result::kind::would_block : channel_result::kind::closed};
  }

  void resize(shell_size size) override {
    wanted_ = size;
    if (!resizing_) send_size();
  }

  void hang_up() override {
    end("HUP");
    discard();
  }

  void kill() override {
    end("KILL");
    discard();
    expect_end(kill_patience, "closed, but its program has not ended");
  }

  terminal_ended ending() override { return ending_; }

private:
  // -- its end

  void end(const char* signal) {
    closing_ = true;
    end_soon({what_.where, what_.container, what_.mark, what_.user, signal});
  }

  void expect_end(std::chrono::seconds patience, const char* otherwise) {
    patience_.expires_after(patience);
    patience_.async_wait([weak = weak_from_this(), otherwise](error_code code) {
      const auto me = weak.lock();
      if (!code && me) me->tell({otherwise, true});
    });
  }

  // Nobody reads any more, but the end has to be seen.
  void discard() {
    if (discarding_) return;
    discarding_ = true;
    discard_more();
  }
  void discard_more() {
    char piece[16 * 1024];
    channel_result got;
    for (int i = 0; i < 16; ++i)
      if (got = read(piece, sizeof piece); got.what != channel_result::kind::done) break;
    if (got.what == channel_result::kind::closed) return;
    wait(descriptor::wait_read, [weak = weak_from_this()] {
      if (const auto me = weak.lock()) me->discard_more();
    });
  }

  void stream_ended() {
    if (std::exchange(over_, true)) return;
    expect_end(end_patience, "Docker does not say how the program has ended");
    ask();
  }

  void ask() {
    fetch("/exec/" + what_.exec + "/json", [this](caf::expected<std::string> answer) {
      if (!answer && answer.error() == ec::node_not_found) return tell({"node stopped", false});
      if (!answer) return tell({message_of(answer.error()), true});
      const auto state = read_exec(*answer);
      if (state && !state->ended && looks_++ < most_looks) return later([this] { ask(); });
      if (!state || !state->ended) return tell({"Docker has closed the terminal", true});
      exit_code_ = state->exit_code;
      looks_ = 0;
      exit_code_ == killed ? ask_node() : tell_exit();
    });
  }

  // Was it killed alone, or with its node?
  void ask_node() {
    fetch("/containers/" + what_.container + "/json", [this](caf::expected<std::string> answer) {
      const auto node = answer ? read_container(*answer) : caf::expected<container_details>{answer.error()};
      if (!node && node.error() != ec::node_not_found) return tell_exit();
      if (!node || !node->running || node->started_at != what_.started_at) return tell({"node stopped", false});
      looks_++ < node_looks ? later([this] { ask_node(); }) : tell_exit();
    });
  }

  void tell_exit() { tell({"program ended (exit code " + std::to_string(exit_code_) + ")", false}); }

  void tell(terminal_ended how) {
    if (told_) return;
    told_ = true;
    closing_ = closing_ || how.error; // then the program may go on
    ending_ = std::move(how);
    patience_.cancel();
    looking_.cancel();
    if (auto then = std::exchange(ended_, nullptr)) then();
  }

  // -- calls

  void fetch(const std::string& path, http_call::collected then) {
    asking_ = make_http_call(context_, what_.where, what_.prefix);
    asking_->open({"GET", path, {}, false}, [this, then = std::move(then)](const caf::error& failed) {
      if (failed) return then(failed);
      asking_->read_all(max_answer, then);
    });
  }

  void later(callback then) {
    looking_.expires_after(look_again);
    looking_.async_wait([weak = weak_from_this(), then = std::move(then)](error_code code) {
      const auto me = weak.lock();
      if (!code && me) then();
    });
  }

  void send_size() {
    const auto size = *std::exchange(wanted_, std::nullopt);
    resizing_ = make_http_call(context_, what_.where, what_.prefix);
    resizing_->open(
        {"POST",
         "/exec/" + what_.exec + "/resize?h=" + std::to_string(size.rows) + "&w=" + std::to_string(size.cols),
         {},
         false},
        [this](const caf::error&) { // a program that has ended has no size
          resizing_.reset();
          if (wanted_) send_size();
        });
  }

  callback guarded(callback then) {
    return [weak = weak_from_this(), then = std::move(then)] {
      if (weak.lock()) then();
    };
  }

  void wait(descriptor::wait_type what, callback then) {
    socket_.async_wait(what, [then = std::move(then)](error_code code) {
      if (!code) then();
    });
  }

  static constexpr size_t max_answer = 1024 * 1024;

  asio::io_context& context_;
  exec_stream what_;
  descriptor socket_;
  asio::steady_timer looking_, patience_;
  std::shared_ptr<http_call> asking_, resizing_;
  std::optional<shell_size> wanted_;
  callback ended_;
  terminal_ended ending_;
  int exit_code_ = 0, looks_ = 0;
  bool over_ = false, told_ = false, closing_ = false, discarding_ = false;
};

} // namespace

std::shared_ptr<runtime::terminal_channel> make_exec_channel(asio::io_context& context, exec_stream stream) {
  return std::make_shared<exec_channel>(context, std::move(stream));
}

} // namespace stibium::docker
