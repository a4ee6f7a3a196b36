#include "transport/web/engine_session.hpp"

#include "transport/web/http_connection.hpp"
#include "transport/web/shard.hpp"

namespace stibium::web {

namespace {

using engineio::close_reason;
using engineio::packet;
using engineio::packet_type;
using engineio::step;
using engineio::transport;

constexpr size_t hard_limit_factor = 4;                // of send_queue_bytes, backlogs not counted
constexpr size_t max_backlog_bytes = 64 * 1024 * 1024; // of all that one client is being sent
constexpr size_t poll_bytes = 1024 * 1024;             // of one polling answer
constexpr size_t max_packets_per_post = 65536;         // as many small events as fit into maxPayload

close_cause cause_of(close_reason why) {
  switch (why) {
  case close_reason::client_closed: return close_cause::client;
  case close_reason::parse_error: return close_cause::parse_error;
  case close_reason::ping_timeout: return close_cause::ping_timeout;
  case close_reason::overlapping_get:
  case close_reason::overlapping_post: return close_cause::transport_error;
  case close_reason::server_closed: return close_cause::server_shutdown;
  case close_reason::none:
  case close_reason::transport_gone: break;
  }
  return close_cause::transport_close;
}

// RFC 6455, 7.4.1
uint16_t code_of(close_cause why) {
  switch (why) {
  case close_cause::server_shutdown: return 1001;
  case close_cause::parse_error:
  case close_cause::transport_error: return 1002;
  case close_cause::slow_client: return 1008;
  case close_cause::session_failed: return 1011;
  default: return 1000;
  }
}

} // namespace

engine_session::engine_session(shard& home, uint64_t id, const sid_text& sid, transport on)
    : home_(home)
    , id_(id)
    , sid_(sid)
    , machine_(home.times(), on, home.now())
    , heartbeat_(this, [](void* me) { static_cast<engine_session*>(me)->beat(); }) {
  watch_heartbeat();
}

// -- sending ----------------------------------------------------------------------------------------------------------

void engine_session::send_text(std::string_view packet) {
  if (closed_ || doomed_) return;
  queue().push_frame(opcode::text, packet);
  after_push(true);
}

void engine_session::send_binary(std::string_view bytes) {
  if (closed_ || doomed_) return;
  queue().push_frame(opcode::binary, bytes);
  after_push(true);
}

void engine_session::send(wire_ptr batch, cargo what, bool urgent) {
  if (closed_ || doomed_) return;
  queue().push(std::move(batch), what);
  after_push(urgent);
}

bool engine_session::is_full() const { return queue().counted_bytes() > home_.options().send_queue_bytes; }

bool engine_session::is_stuck() {
  if (is_full() && !doomed_) flush(); // more may have come in one turn than the queue holds
  return is_full();
}

size_t engine_session::make_room(size_t room) {
  auto limit = home_.options().send_queue_bytes;
  if (queue().counted_bytes() + room > limit) flush();
  if (queue().counted_bytes() + room <= limit) return 0;
  return queue().drop_bulletins(limit - std::min(room, limit));
}

void engine_session::after_push(bool urgent) {
  auto& out = queue();
  auto limit = home_.options().send_queue_bytes;
  if (out.counted_bytes() > limit) was_full_ = true;
  if (out.counted_bytes() > limit * hard_limit_factor || out.bytes() - out.counted_bytes() > max_backlog_bytes) {
    doomed_ = true;
    return home_.flushes().doom(*this);
  }
  if (!marked_ || (urgent && !urgent_)) home_.flushes().mark(*this, urgent);
}

void engine_session::flush() {
  if (closed_) return;
  if (socket_) return socket_->flush();
  if (!poll_ || waiting_.empty()) return;
  answer_poll(waiting_.take_payload(poll_bytes));
  machine_.poll_answered();
  after_drain();
}

void engine_session::after_drain() {
  if (!was_full_ || closed_ || queue().counted_bytes() > home_.options().send_queue_bytes / 2) return;
  was_full_ = false;
  home_.sink().relieved(*this);
}

// -- WebSocket --------------------------------------------------------------------------------------------------------

std::string engine_session::open_packet() const {
  auto& options = home_.options();
  auto count = [](auto number) { return static_cast<uint32_t>(number); };
  return engineio::encode_open({std::string{sid()}, machine_.current() == transport::polling,
                                count(options.ping_interval.count()), count(options.ping_timeout.count()),
                                count(options.max_payload)});
}

void engine_session::begin(boost::asio::ip::tcp::socket socket, std::string_view early, wire_ptr answer,
                           client_info client) {
  session_ptr keep{this};
  socket_ = new websocket(home_, std::move(socket), early, this);
  counters::add(home_.counted().websockets_open);
  socket_->queue().push(std::move(answer), cargo::direct);
  send_text(open_packet());
  home_.sink().opened(*this, std::move(client));
  if (socket_) socket_->start();
}

std::string engine_session::begin_polling(client_info client) {
  session_ptr keep{this};
  home_.sink().opened(*this, std::move(client));
  return open_packet();
}

bool engine_session::may_upgrade() {
  session_ptr keep{this};
  auto reaction = machine_.websocket_opened(home_.now());
  react(reaction);
  return reaction.what == step::nothing && !closed_;
}

void engine_session::upgrade(boost::asio::ip::tcp::socket socket, std::string_view early, wire_ptr answer) {
  probing_ = new websocket(home_, std::move(socket), early, this);
  probing_->queue().push(std::move(answer), cargo::direct);
  auto probe = probing_;
  probe->flush();
  probe->start();
}

void engine_session::on_message(websocket& on, std::string_view payload, bool text) {
  session_ptr keep{this};
  if (closed_ || (&on != socket_.get() && &on != probing_.get())) return;
  auto what = text ? engineio::decode_text(payload) : engineio::result<packet>{engineio::decode_binary(payload)};
  if (!what) return react(machine_.malformed(transport::websocket));
  react(machine_.received(transport::websocket, *what, home_.now()), &*what);
}

void engine_session::on_written(websocket& on) {
  if (&on == socket_.get()) after_drain();
}

void engine_session::on_ended(websocket& on, close_cause why) {
  session_ptr keep{this};
  if (&on == probing_.get()) {
    probing_.reset();
    return react(machine_.websocket_closed());
  }
  if (&on != socket_.get() || closed_) return;
  machine_.websocket_closed();
  finish(why);
}

// -- polling ----------------------------------------------------------------------------------------------------------

bool engine_session::poll(const std::shared_ptr<http_connection>& from) {
  session_ptr keep{this};
  auto reaction = machine_.poll_opened(home_.now());
  react(reaction);
  switch (reaction.what) {
  case step::hold_poll:
    poll_ = from;
    from->wait_for(keep);
    flush();
    return true;
  case step::answer_noop: from->reply_poll("6"); return true;
  default: return false;
  }
}

void engine_session::poll_gone(const http_connection& from) {
  if (poll_.get() != &from) return;
  poll_.reset();
  machine_.poll_answered();
}

bool engine_session::post(std::string_view body) {
  session_ptr keep{this};
  auto reaction = machine_.post_opened(home_.now());
  if (reaction.what != step::read_post) return react(reaction), false;
  auto payload = engineio::decode_payload(body, {max_packets_per_post, home_.options().max_payload});
  if (!payload) return react(machine_.malformed(transport::polling)), false;
  for (auto& packet : payload->packets) {
    reaction = machine_.received(transport::polling, packet, home_.now());
    react(reaction, &packet);
    if (!closed_) continue;
    const bool by_client = reaction.why == close_reason::client_closed;
    if (by_client && reaction.poll == engineio::poll_answer::none) home_.expect_last_poll(sid());
    return by_client || reaction.what != step::close;
  }
  machine_.post_done();
  return true;
}

void engine_session::answer_poll(std::string payload) {
  if (auto waiting = std::exchange(poll_, nullptr)) waiting->reply_poll(std::move(payload));
}

// -- state ------------------------------------------------------------------------------------------------------------

void engine_session::react(const engineio::reaction& what, const packet* cause) {
  if (what.poll != engineio::poll_answer::none) answer_poll(what.poll == engineio::poll_answer::noop ? "6" : "1");
  switch (what.what) {
  case step::deliver: deliver(*cause); break;
  case step::send_ping:
    queue().push_frame(opcode::text, "2");
    home_.flushes().mark(*this, true);
    break;
  case step::answer_probe:
    probing_->queue().push_frame(opcode::text, "3probe");
    probing_->flush();
    break;
  case step::switch_transport:
    socket_ = std::move(probing_);
    socket_->queue().append(std::move(waiting_));
    counters::add(home_.counted().websockets_open);
    counters::add(home_.counted().upgrades);
    home_.flushes().mark(*this, true);
    break;
  case step::drop_probe:
    if (auto probe = std::exchange(probing_, nullptr)) probe->close(1002, "probe failed");
    break;
  case step::close: return finish(cause_of(what.why));
  case step::nothing:
  case step::hold_poll:
  case step::answer_noop:
  case step::read_post:
  case step::refuse: break;
  }
  if (what.rearm) watch_heartbeat();
}

void engine_session::deliver(const packet& what) {
  counters::add(home_.counted().messages_in);
  if (what.binary)
    home_.sink().binary(*this, what.data);
  else
    home_.sink().text(*this, what.data);
}

void engine_session::beat() {
  session_ptr keep{this};
  if (socket_ && socket_->holds_back()) {
    // Its pongs are not being read; that it takes what it is sent shows that it lives.
    auto written = socket_->bytes_written();
    if (std::exchange(written_before_, written) != written)
      machine_.received(transport::websocket, {packet_type::pong, false, {}}, home_.now());
  }
  react(machine_.tick(home_.now()));
  if (!closed_) watch_heartbeat();
}

void engine_session::watch_heartbeat() {
  home_.arm_at(heartbeat_, io::deadline::clock::time_point{std::chrono::milliseconds{machine_.deadline()}});
}

void engine_session::close(close_cause why) {
  session_ptr keep{this};
  auto reaction = machine_.close();
  if (reaction.poll != engineio::poll_answer::none) answer_poll("1");
  if (reaction.what == step::close) finish(why);
}

void engine_session::finish(close_cause why) {
  if (closed_) return;
  session_ptr keep{this};
  closed_ = true;
  if (machine_.close().poll != engineio::poll_answer::none) answer_poll("1");
  heartbeat_.disarm();
  if (socket_) counters::drop(home_.counted().websockets_open);
  if (why == close_cause::slow_client || why == close_cause::ping_timeout) {
    // It does not read: nothing more can be told.
    if (socket_) socket_->abort();
  } else if (socket_) {
    socket_->close(code_of(why), to_string(why));
  }
  if (probing_) probing_->close(code_of(why), to_string(why));
  socket_.reset();
  probing_.reset();
  waiting_.clear();
  home_.forget(*this, why);
  home_.sink().closed(*this, why);
}

} // namespace stibium::web
