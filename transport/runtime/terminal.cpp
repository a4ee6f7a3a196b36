#include "transport/runtime/terminal.hpp"

#include <caf/actor_ostream.hpp>
#include <caf/all.hpp>

namespace stibium::runtime {

namespace {

constexpr auto end_deadline = std::chrono::seconds{30}; // for the client to take the news of the end

struct terminal_state {
  static constexpr const char* name = "terminal";
  explicit terminal_state(closable_terminal_actor::pointer self)
      : self{self} {}

  closable_terminal_actor::pointer self;
  std::shared_ptr<terminal_channel> channel;
  terminal_client_actor client;
  std::chrono::milliseconds grace{};
  std::string waiting;  // typed, not taken yet
  size_t taken = 0;     // of `waiting`
  std::string reason;   // set by `close`
  bool writing = false; // waits for room
  bool reading = false; // waits for something to read
  bool unanswered = false, paused = false, drained = false, ended = false, closing = false, told = false;

  terminal_channel::callback notify(terminal_signal what) {
    return [me = caf::actor_cast<closable_terminal_actor>(self), what] { caf::anon_send(me, what); };
  }

  // Reads and hands on as much as the client's pace allows; tells of the end once everything has been read.
  void pump() {
    if (told || unanswered || reading) return;
    if (closing) {
      if (ended) tell();
      return;
    }
    if (paused) return;
    if (drained) {
      if (ended) tell();
      return;
    }
    terminal_output out;
    out.bytes.resize(max_terminal_read);
    const auto got = channel->read(out.bytes.data(), out.bytes.size());
    out.bytes.resize(got.bytes);
    switch (got.what) {
    case channel_result::kind::done: return deliver(std::move(out));
    case channel_result::kind::closed: drained = true; return pump();
    case channel_result::kind::would_block:
      // Nothing comes any more from a program that has ended, though others may still hold its terminal.
      if (ended) return drained = true, pump();
      reading = true;
      channel->when_readable(notify(terminal_signal::readable));
    }
  }

  void deliver(terminal_output out) {
    unanswered = true;
    self->request(client, caf::infinite, std::move(out))
        .then(
            [this] {
              unanswered = false;
              pump();
            },
            [this](const caf::error&) {
              unanswered = false;
              close("its client is gone");
            });
  }

  void tell() {
    told = true;
    auto news = ended ? channel->ending() : terminal_ended{};
    if (!reason.empty()) news = {reason, false};
    channel.reset();
    self->request(client, end_deadline, std::move(news))
        .then([this] { self->quit(); }, [this](const caf::error&) { self->quit(); });
  }

  caf::result<void> type(const std::string& bytes) {
    if (ended || told) return failure(ec::shell_not_found, "the terminal has ended");
    if (waiting.size() - taken > max_terminal_input) return failure(ec::queue_full, "the terminal takes no more input");
    waiting += bytes;
    if (!writing) write();
    return caf::unit;
  }

  void write() {
    writing = false;
    while (channel && !ended && taken < waiting.size()) {
      const auto put = channel->write(std::string_view{waiting}.substr(taken));
      if (put.what == channel_result::kind::closed) break;
      if (put.what == channel_result::kind::would_block) {
        writing = true;
        return channel->when_writable(notify(terminal_signal::writable));
      }
      taken += put.bytes;
    }
    waiting.clear();
    taken = 0;
  }

  void close(const std::string& why) {
    if (closing || told) return;
    closing = true;
    // A program that had ended by itself keeps its own reason.
    if (!ended) reason = why;
    reading = false;
    if (ended) return pump();
    channel->hang_up();
    self->delayed_send(self, grace, terminal_signal::overdue);
  }

  void hear(terminal_signal what) {
    if (!channel) return;
    switch (what) {
    case terminal_signal::readable: reading = false; return pump();
    case terminal_signal::writable: return write();
    case terminal_signal::ended:
      ended = true;
      reading = false; // what is there is read now; nothing else comes
      return pump();
    case terminal_signal::overdue: channel->kill();
    }
  }
};

closable_terminal_actor::behavior_type terminal(closable_terminal_actor::stateful_pointer<terminal_state> self,
                                                std::shared_ptr<terminal_channel> channel, terminal_client_actor client,
                                                std::chrono::milliseconds grace) {
  auto& state = self->state;
  state.channel = std::move(channel);
  state.client = std::move(client);
  state.grace = grace;
  self->monitor(state.client);
  self->set_down_handler([self](caf::down_msg&) { self->state.close("its client is gone"); });
  state.channel->when_ended(state.notify(terminal_signal::ended));
  state.pump();
  return {[self](const terminal_input& in) { return self->state.type(in.bytes); },
          [self](const shell_size& size) {
            if (self->state.channel) self->state.channel->resize(size);
          },
          [self](atom::pause) { self->state.paused = true; },
          [self](atom::resume) {
            self->state.paused = false;
            self->state.pump();
          },
          [self](atom::close) { self->state.close("closed"); },
          [self](atom::close, const std::string& why) { self->state.close(why); },
          [self](terminal_signal what) { self->state.hear(what); }};
}

} // namespace

closable_terminal_actor spawn_terminal(const nursery& in, caf::execution_unit* home, std::string name,
                                       std::shared_ptr<terminal_channel> channel, terminal_client_actor client,
                                       std::chrono::milliseconds grace) {
  return spawn(in, placement::on(home), {"terminal", std::move(name), "", 0}, terminal, std::move(channel),
               std::move(client), grace);
}

} // namespace stibium::runtime
