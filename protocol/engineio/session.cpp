#include "protocol/engineio/session.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace stibium::engineio {

namespace {

/// A ping that goes out late by less than this part of pingTimeout does not move the deadline of its pong: the session
/// then ends pingInterval + pingTimeout after its last sign of life, as clients reckon. A later ping gets its full
/// time, so that a server that stood still does not blame its clients.
constexpr uint32_t lateness_part = 2;

} // namespace

const char* to_string(close_reason why) {
  switch (why) {
  case close_reason::none: return "none";
  case close_reason::client_closed: return "client close";
  case close_reason::transport_gone: return "transport close";
  case close_reason::parse_error: return "parse error";
  case close_reason::ping_timeout: return "ping timeout";
  case close_reason::overlapping_get:
  case close_reason::overlapping_post: return "transport error";
  case close_reason::server_closed: return "forced close";
  }
  return "unknown reason";
}

session::session(const session_times& times, transport on, millis now)
    : times_{&times}
    , heartbeat_at_{now + times.ping_interval}
    , transport_{on} {}

reaction session::received(transport on, const packet& what, millis now) {
  if (over()) return {};
  if (on == transport::websocket && transport_ == transport::polling) return on_probing(what);
  switch (what.type) {
  case packet_type::message: return {step::deliver};
  case packet_type::pong: return pong(now);
  case packet_type::noop: return {};
  case packet_type::close: return end(close_reason::client_closed, poll_answer::noop);
  case packet_type::open:
  case packet_type::ping:
  case packet_type::upgrade: break;
  }
  return end(close_reason::parse_error);
}

reaction session::malformed(transport on) {
  if (over()) return {};
  if (on == transport::websocket && transport_ == transport::polling) return fail_probe();
  return end(close_reason::parse_error);
}

reaction session::on_probing(const packet& what) {
  if (what.type == packet_type::ping && what.data == probe_data && phase_ == phase::websocket_open) {
    // The client sends its upgrade packet only once its last poll has been answered.
    phase_ = phase::probed;
    return {step::answer_probe, close_reason::none, release_poll(poll_answer::noop)};
  }
  if (what.type == packet_type::upgrade && phase_ == phase::probed) {
    transport_ = transport::websocket;
    phase_ = phase::steady;
    return {step::switch_transport, close_reason::none, release_poll(poll_answer::noop)};
  }
  return fail_probe();
}

reaction session::fail_probe() {
  if (phase_ == phase::steady) return {};
  phase_ = phase::steady;
  return {step::drop_probe};
}

reaction session::pong(millis now) {
  if (!awaits_pong_) return {};
  const auto before = deadline();
  awaits_pong_ = false;
  heartbeat_at_ = now + times_->ping_interval;
  return {step::nothing, close_reason::none, poll_answer::none, deadline() < before};
}

reaction session::poll_opened(millis now) {
  if (over() || transport_ == transport::websocket) return {step::refuse};
  if (timed_out(now)) return end(close_reason::ping_timeout);
  if (poll_waits_) return end(close_reason::overlapping_get);
  if (phase_ == phase::probed) return {step::answer_noop};
  poll_waits_ = true;
  return {step::hold_poll};
}

reaction session::post_opened(millis now) {
  if (over() || transport_ == transport::websocket) return {step::refuse};
  if (timed_out(now)) return end(close_reason::ping_timeout);
  if (post_reads_) return end(close_reason::overlapping_post);
  post_reads_ = true;
  return {step::read_post};
}

reaction session::websocket_opened(millis now) {
  if (phase_ != phase::steady || transport_ == transport::websocket) return {step::refuse};
  if (timed_out(now)) return end(close_reason::ping_timeout);
  const auto before = deadline();
  phase_ = phase::websocket_open;
  upgrade_by_ = now + times_->upgrade_timeout;
  return {step::nothing, close_reason::none, poll_answer::none, deadline() < before};
}

reaction session::websocket_closed() {
  if (over()) return {};
  if (transport_ == transport::websocket) return end(close_reason::transport_gone);
  phase_ = phase::steady;
  return {};
}

reaction session::tick(millis now) {
  if (over() || now < deadline()) return {};
  if (timed_out(now)) return end(close_reason::ping_timeout);
  if (now < heartbeat_at_) return fail_probe();
  const auto late = now - heartbeat_at_;
  heartbeat_at_ = (late <= times_->ping_timeout / lateness_part ? heartbeat_at_ : now) + times_->ping_timeout;
  awaits_pong_ = true;
  return {step::send_ping};
}

millis session::deadline() const {
  switch (phase_) {
  case phase::steady: return heartbeat_at_;
  case phase::websocket_open:
  case phase::probed: return std::min(heartbeat_at_, upgrade_by_);
  case phase::over: break;
  }
  return std::numeric_limits<millis>::max();
}

reaction session::close() { return over() ? reaction{} : end(close_reason::server_closed); }

reaction session::end(close_reason why, poll_answer poll) {
  phase_ = phase::over;
  return {step::close, why, release_poll(poll)};
}

poll_answer session::release_poll(poll_answer with) {
  return std::exchange(poll_waits_, false) ? with : poll_answer::none;
}

} // namespace stibium::engineio
