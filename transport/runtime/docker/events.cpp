#include "transport/runtime/docker/events.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/event_decoder.hpp"
#include "transport/runtime/docker/streamed_call.hpp"

#include <boost/asio/steady_timer.hpp>
#include <caf/all.hpp>

#include <algorithm>
#include <memory>

namespace stibium::docker {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 500ms, longest_pause = 15'000ms;

using reader_actor = event_reader_actor::extend<caf::reacts_to<call_news>>;

struct event_reader_state {
  static constexpr const char* name = "event reader";
  explicit event_reader_state(reader_actor::pointer self)
      : self{self} {}

  reader_actor::pointer self;
  asio::io_context* context = nullptr;
  endpoint where;
  std::string path;
  event_sink_actor sink;
  std::unique_ptr<asio::steady_timer> timer;
  streamed_call call;
  event_decoder decoder;
  std::chrono::milliseconds pause = first_pause;
  bool unanswered = false, told_lost = false;

  void look() {
    if (unanswered || call.under_way()) return;
    timer->cancel();
    decoder = {};
    call.open(*context, where, {"GET", path, {}, false},
              [me = caf::actor_cast<reader_actor>(self)](call_news news) { caf::anon_send(me, std::move(news)); });
  }

  void hear(const call_news& news) {
    if (!call.is_current(news)) return;
    switch (news.what) {
    case call_news::kind::opened:
      told_lost = false;
      pause = first_pause;
      return send(events_state{true, {}});
    case call_news::kind::piece: return take(news.bytes);
    case call_news::kind::ended: return lose("Docker has ended the stream of events");
    case call_news::kind::failed: return lose(message_of(news.error));
    }
  }

  void take(const std::string& bytes) {
    std::vector<container_event> events;
    if (!decoder.feed(bytes, events)) return lose("Docker has sent a broken event");
    events.empty() ? call.read() : send(std::move(events));
  }

  void lose(const std::string& why) {
    call.close();
    timer->expires_after(pause);
    timer->async_wait([me = caf::actor_cast<reader_actor>(self)](boost::system::error_code code) {
      if (!code) caf::anon_send(me, events_signal::look);
    });
    pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause);
    if (!std::exchange(told_lost, true)) send(events_state{false, why});
  }

  template <class Message>
  void send(Message what) {
    unanswered = true;
    self->request(sink, caf::infinite, std::move(what))
        .then(
            [this] {
              unanswered = false;
              // The timer may have passed meanwhile.
              if (call.under_way())
                call.read();
              else if (timer->expiry() <= asio::steady_timer::clock_type::now())
                look();
            },
            [this](const caf::error&) { self->quit(); });
  }
};

reader_actor::behavior_type event_reader(reader_actor::stateful_pointer<event_reader_state> self,
                                         asio::io_context* context, endpoint where, std::vector<std::string> labels,
                                         event_sink_actor sink) {
  auto& state = self->state;
  state.context = context;
  state.where = std::move(where);
  state.path = "/events?filters=" + write_filters({{"type", "container"}}, labels);
  state.sink = std::move(sink);
  state.timer = std::make_unique<asio::steady_timer>(*context);
  self->monitor(state.sink);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  caf::anon_send(caf::actor_cast<reader_actor>(self), events_signal::look);
  return {[self](events_signal what) {
            if (what == events_signal::finish) return self->quit();
            self->state.look();
          },
          [self](const call_news& news) { self->state.hear(news); }};
}

} // namespace

event_reader_actor spawn_event_reader(const nursery& in, io::io_thread& thread, const endpoint& where,
                                      std::vector<std::string> labels, event_sink_actor sink) {
  return spawn(in, placement::on(&thread), {"event reader", "docker", "", 0}, event_reader, &thread.context(), where,
               std::move(labels), std::move(sink));
}

} // namespace stibium::docker
