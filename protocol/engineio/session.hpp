#pragma once

#include "protocol/engineio/packet.hpp"

#include <cstdint>

namespace stibium::engineio {

/// Milliseconds on a clock that never goes back; its zero is anywhere. The caller reads the clock.
using millis = uint64_t;

/// Times of all sessions of a server, in milliseconds.
struct session_times {
  uint32_t ping_interval = 25000;   ///< pingInterval
  uint32_t ping_timeout = 20000;    ///< pingTimeout
  uint32_t upgrade_timeout = 10000; ///< for a probing WebSocket, from its opening to its upgrade packet
};

enum class transport : uint8_t { polling, websocket };

/// Why a session is over. `to_string` gives Socket.IO's reasons.
enum class close_reason : uint8_t {
  none,
  client_closed,    ///< close packet: "client close"
  transport_gone,   ///< the WebSocket has ended: "transport close"
  parse_error,      ///< an illegal packet, or one that does not belong here: "parse error"
  ping_timeout,     ///< no pong in time: "ping timeout"
  overlapping_get,  ///< a second GET while one waits: "transport error"
  overlapping_post, ///< a second POST while one is read: "transport error"
  server_closed     ///< `close` was called: "forced close"
};
const char* to_string(close_reason why);

/// What the caller has to do with the input that it gave.
enum class step : uint8_t {
  nothing,
  deliver,          ///< the packet is a message for the application
  send_ping,        ///< queue a ping packet on the session's transport
  answer_probe,     ///< send `3probe` on the probing WebSocket
  switch_transport, ///< the probing WebSocket is the transport now; what is queued goes out there
  drop_probe,       ///< close the probing WebSocket; the session goes on
  hold_poll,        ///< answer the GET with what is queued, as soon as something is; then call `poll_answered`
  answer_noop,      ///< answer this GET at once with a NOOP packet; it does not wait
  read_post,        ///< read the POST's body, hand in each packet, then call `post_done`; answer "ok"
  refuse,           ///< answer this request with 400, or close this WebSocket; the session goes on
  close             ///< the session is over, see `why`; its transport and a probing WebSocket are to be closed
};

/// What the GET that waits is to be answered with, before all else. It waits no more.
enum class poll_answer : uint8_t { none, noop, close };

/// What an input leads to. When `what` is `close`, the input itself (a GET or POST that was just opened or is being
/// read) is answered with 400, except that a POST whose packet was a good close packet is answered "ok".
struct reaction {
  step what = step::nothing;
  close_reason why = close_reason::none;
  poll_answer poll = poll_answer::none;
  bool rearm = false; ///< `deadline()` is earlier than before this input
  bool operator==(const reaction&) const = default;
};

/// The server's side of one Engine.IO v4 session: heartbeat, polling, WebSocket, upgrade. Holds no bytes, no queue and
/// allocates nothing. Inputs after the end answer `refuse` or `nothing`. Not thread-safe. `now` never goes back.
class session {
public:
  /// The session begins: its open packet is being sent on `on`. `times` must outlive the session.
  session(const session_times& times, transport on, millis now);

  /// A packet that came on a transport. On `websocket` while the session is `polling`: it came on the probing
  /// WebSocket.
  reaction received(transport on, const packet& what, millis now);
  /// What came on a transport is no packet.
  reaction malformed(transport on);

  /// A GET: `hold_poll`, `answer_noop`, `refuse` or `close`.
  reaction poll_opened(millis now);
  /// The GET that waited was answered, or its client has hung up: `nothing`. Losing a client's poll ends no session,
  /// the heartbeat does.
  void poll_answered() { poll_waits_ = false; }
  /// A POST: `read_post`, `refuse` or `close`.
  reaction post_opened(millis now);
  void post_done() { post_reads_ = false; }

  /// A WebSocket with this session's id: `nothing` (it is the probing one now) or `refuse`.
  reaction websocket_opened(millis now);
  /// The session's WebSocket (`close`), or the probing one (`nothing`), has ended.
  reaction websocket_closed();

  /// Time passes; to be called at `deadline()` or later, again until it answers `nothing`: `send_ping`, `drop_probe`,
  /// `close`. A tick that is late by up to half of pingTimeout shortens the client's time for its pong, not the
  /// session's end; timers must be finer than that.
  reaction tick(millis now);
  /// When `tick` is needed next. It may have moved when the caller gets there; only `rearm` tells of earlier ones.
  millis deadline() const;

  /// The server ends the session: `close` or, when it is over already, `nothing`.
  reaction close();

  transport current() const { return transport_; }
  bool over() const { return phase_ == phase::over; }
  bool poll_waits() const { return poll_waits_; }

private:
  /// How far the upgrade to WebSocket is.
  enum class phase : uint8_t { steady, websocket_open, probed, over };

  reaction on_probing(const packet& what);
  reaction end(close_reason why, poll_answer poll = poll_answer::close);
  reaction fail_probe();
  reaction pong(millis now);
  poll_answer release_poll(poll_answer with);
  bool timed_out(millis now) const { return awaits_pong_ && now >= heartbeat_at_; }

  const session_times* times_;
  millis heartbeat_at_;   // the next ping is due, or the pong is overdue
  millis upgrade_by_ = 0; // when there is a probing WebSocket
  transport transport_;
  phase phase_ = phase::steady;
  bool awaits_pong_ = false, poll_waits_ = false, post_reads_ = false;
};

} // namespace stibium::engineio
