#include "transport/runtime/log_follower.hpp"

#include "transport/runtime/log_file.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/all.hpp>

#include <memory>
#include <sys/inotify.h>

namespace stibium::runtime {

namespace asio = boost::asio;

namespace {

constexpr auto poll_every = std::chrono::milliseconds{250};
// A file that grows all the time is looked at this often, not at every write.
constexpr auto rest_between = std::chrono::milliseconds{5};

struct log_follower_state {
  static constexpr const char* name = "log follower";
  explicit log_follower_state(log_follower_actor::pointer self)
      : self{self} {}

  log_follower_actor::pointer self;
  std::unique_ptr<log_reader> reader;
  log_sink_actor sink;
  std::unique_ptr<asio::posix::stream_descriptor> growth; // inotify; null: polling
  std::unique_ptr<asio::steady_timer> timer;
  bool unanswered = false, waiting = false, finishing = false;

  void watch(asio::io_context& context, const std::string& path) {
    timer = std::make_unique<asio::steady_timer>(context);
    unique_fd fd{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    if (fd && ::inotify_add_watch(fd.get(), path.c_str(), IN_MODIFY) >= 0)
      growth = std::make_unique<asio::posix::stream_descriptor>(context, fd.release());
  }

  // Reads on until nothing is there or the sink is busy.
  void look() {
    waiting = false;
    if (unanswered) return;
    auto lines = reader->read();
    if (lines.empty() && finishing) lines = reader->rest();
    if (!lines.empty()) return hand_over(std::move(lines));
    if (finishing) return self->quit();
    wait();
  }

  void hand_over(std::vector<std::string> lines) {
    unanswered = true;
    self->request(sink, caf::infinite, log_lines{std::move(lines)})
        .then(
            [this] {
              unanswered = false;
              bound_log(reader->fd());
              look();
            },
            [this](const caf::error&) { self->quit(); });
  }

  void wait() {
    if (waiting) return;
    waiting = true;
    if (!growth) return look_in(poll_every);
    // Callbacks only send: by the time that they run, this state may be gone.
    growth->async_wait(asio::posix::stream_descriptor::wait_read,
                       [me = caf::actor_cast<log_follower_actor>(self)](boost::system::error_code code) {
                         if (!code) caf::anon_send(me, follower_signal::grown);
                       });
  }

  void look_in(std::chrono::milliseconds time) {
    timer->expires_after(time);
    timer->async_wait([me = caf::actor_cast<log_follower_actor>(self)](boost::system::error_code code) {
      if (!code) caf::anon_send(me, follower_signal::look);
    });
  }

  void hear(follower_signal what) {
    if (what == follower_signal::grown) {
      char events[4096];
      while (growth && ::read(growth->native_handle(), events, sizeof events) > 0) {
      }
      return look_in(rest_between);
    }
    finishing = finishing || what == follower_signal::finish;
    look();
  }
};

log_follower_actor::behavior_type log_follower(log_follower_actor::stateful_pointer<log_follower_state> self,
                                               io::io_thread* thread, std::string path, log_sink_actor sink) {
  auto& state = self->state;
  state.reader = std::make_unique<log_reader>(path);
  state.sink = std::move(sink);
  self->monitor(state.sink);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  state.watch(thread->context(), path);
  caf::anon_send(caf::actor_cast<log_follower_actor>(self), follower_signal::look);
  return {[self](follower_signal what) { self->state.hear(what); }};
}

} // namespace

log_follower_actor spawn_log_follower(const nursery& in, io::io_thread& thread, std::string path, log_sink_actor sink) {
  auto name = path;
  return spawn(in, placement::on(&thread), {"log follower", std::move(name), "", 0}, log_follower, &thread,
               std::move(path), std::move(sink));
}

} // namespace stibium::runtime
