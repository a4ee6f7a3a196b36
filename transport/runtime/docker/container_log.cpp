#include "transport/runtime/docker/container_log.hpp"

#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/log_decoder.hpp"
#include "transport/runtime/docker/streamed_call.hpp"

#include <boost/asio/steady_timer.hpp>
#include <caf/all.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace stibium::docker {

namespace asio = boost::asio;
using runtime::follower_signal;

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 50ms, longest_pause = 15'000ms;
constexpr size_t max_inspect = 1024 * 1024;

using container_log_actor = runtime::log_follower_actor::extend<caf::reacts_to<call_news>>;

struct container_log_state {
  static constexpr const char* name = "container log";
  explicit container_log_state(container_log_actor::pointer self)
      : self{self} {}

  container_log_actor::pointer self;
  asio::io_context* context = nullptr;
  endpoint where;
  std::string container;
  log_sink_actor sink;
  std::unique_ptr<asio::steady_timer> timer;
  streamed_call call;
  std::string details;                // of the container, as far as they have come
  std::optional<log_decoder> decoder; // while the log is read; before, the container is asked for
  log_memory memory;
  std::chrono::milliseconds pause = first_pause;
  bool unanswered = false, refused = false;
  bool finishing = false, last_look = false;

  // -- asking

  void open(std::string path) {
    call.open(
        *context, where, {"GET", std::move(path), {}, false},
        [me = caf::actor_cast<container_log_actor>(self)](call_news news) { caf::anon_send(me, std::move(news)); });
  }

  // Is it there, and has it a terminal? Its log is asked for next.
  void look() {
    if (unanswered || call.under_way()) return;
    timer->cancel();
    details.clear();
    decoder.reset();
    open("/containers/" + percent_encode(container) + "/json");
  }

  void ask_log(const container_details& what) {
    auto path = "/containers/" + what.id + "/logs?stdout=true&stderr=true&timestamps=true&follow=";
    path += finishing ? "false" : "true";
    if (const auto since = memory.resume(); !since.empty()) path += "&since=" + since;
    decoder.emplace(!what.tty);
    open(std::move(path));
  }

  void rest() {
    call.close();
    if (finishing) return self->quit();
    timer->expires_after(pause);
    timer->async_wait([me = caf::actor_cast<container_log_actor>(self)](boost::system::error_code code) {
      if (!code) caf::anon_send(me, follower_signal::grown); // perhaps
    });
    pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause);
  }

  // -- hearing

  void hear(const call_news& news) {
    if (!call.is_current(news)) return;
    switch (news.what) {
    case call_news::kind::opened: return call.read();
    case call_news::kind::piece: return decoder ? take_log(news.bytes) : take_details(news.bytes);
    case call_news::kind::ended: return decoder ? end_log() : end_details();
    case call_news::kind::failed: return fail(news.error);
    }
  }

  void take_details(const std::string& bytes) {
    details += bytes;
    details.size() > max_inspect ? rest() : call.read();
  }

  void end_details() {
    const auto what = read_container(details);
    what ? ask_log(*what) : fail(what.error());
  }

  void take_log(const std::string& bytes) {
    std::vector<log_line> lines;
    const bool fine = decoder->feed(bytes, lines);
    if (!fine) call.close(); // read again, from where it was right
    if (!hand_over(std::move(lines))) fine ? call.read() : rest();
  }

  void end_log() {
    std::vector<log_line> lines;
    decoder->finish(lines);
    call.close();
    if (!hand_over(std::move(lines))) rest();
  }

  // False when there was nothing new.
  bool hand_over(std::vector<log_line> lines) {
    log_lines batch;
    for (auto& line : lines) {
      if (memory.known(line)) continue;
      memory.remember(line);
      batch.lines.push_back(std::move(line.text));
    }
    if (batch.lines.empty()) return false;
    pause = first_pause;
    send(std::move(batch));
    return true;
  }

  void send(log_lines batch) {
    unanswered = true;
    self->request(sink, caf::infinite, std::move(batch))
        .then([this] { answered(); }, [this](const caf::error&) { self->quit(); });
  }

  void answered() {
    unanswered = false;
    if (call.under_way()) return call.read();
    // The log that was being read is over, unless it was given up to be finished.
    finishing && !last_look ? last() : rest();
  }

  void fail(const caf::error& why) {
    call.close();
    if (why == ec::node_not_found) return self->quit();
    if (why != ec::runtime_unavailable && !std::exchange(refused, true)) {
      pause = longest_pause;
      return send({{"the log of this node cannot be read: " + message_of(why)}});
    }
    rest();
  }

  // -- signals

  // Reads what is there by now, without waiting for more.
  void last() {
    last_look = true;
    look();
  }

  void hear(follower_signal what) {
    if (what == follower_signal::finish && !finishing) {
      finishing = true;
      call.close();
      if (!unanswered) last();
      return;
    }
    if (what == follower_signal::look) pause = first_pause;
    look();
  }
};

container_log_actor::behavior_type container_log(container_log_actor::stateful_pointer<container_log_state> self,
                                                 asio::io_context* context, endpoint where, std::string container,
                                                 log_sink_actor sink) {
  auto& state = self->state;
  state.context = context;
  state.where = std::move(where);
  state.container = std::move(container);
  state.sink = std::move(sink);
  state.timer = std::make_unique<asio::steady_timer>(*context);
  self->monitor(state.sink);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  caf::anon_send(caf::actor_cast<container_log_actor>(self), follower_signal::look);
  return {[self](follower_signal what) { self->state.hear(what); },
          [self](const call_news& news) { self->state.hear(news); }};
}

} // namespace

runtime::log_follower_actor spawn_container_log(const nursery& in, io::io_thread& thread, const endpoint& where,
                                                std::string container, log_sink_actor sink) {
  auto name = container.substr(0, 12);
  return spawn(in, placement::on(&thread), {"log follower", std::move(name), "", 0}, container_log, &thread.context(),
               where, std::move(container), std::move(sink));
}

} // namespace stibium::docker
