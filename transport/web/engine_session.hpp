#pragma once

#include "protocol/engineio/session.hpp"
#include "transport/web/session_sink.hpp"
#include "transport/web/websocket.hpp"

#include <array>
#include <memory>
#include <string_view>

namespace stibium::web {

class http_connection;

/// An Engine.IO session at the server: its transport (polling, WebSocket, or on its way from the first to the second),
/// its heartbeat and the queue of what waits to be sent. Lives on one io thread.
class engine_session final : public boost::intrusive_ref_counter<engine_session, boost::thread_unsafe_counter>,
                             private websocket_owner {
public:
  static constexpr size_t sid_size = 20;
  using sid_text = std::array<char, sid_size>;

  engine_session(shard& home, uint64_t id, const sid_text& sid, engineio::transport on);

  uint64_t id() const { return id_; }
  std::string_view sid() const { return {sid_.data(), sid_.size()}; }
  bool over() const { return machine_.over(); }

  // -- for those above ------------------------------------------------------------------------------------------------

  /// Queues one message packet, its type '4' included; sent at the end of the turn.
  void send_text(std::string_view packet);
  /// Queues one binary message.
  void send_binary(std::string_view bytes);
  /// Queues whole frames. `urgent` ones go out at the end of the turn, others may wait a few milliseconds for more.
  void send(wire_ptr batch, cargo what, bool urgent);
  /// Drops the oldest bulletins that wait, as long as the queue and `room` more bytes are over the limit.
  size_t make_room(size_t room);
  /// Bytes that wait to be sent.
  size_t queued() const { return queue().bytes(); }
  /// Whether the queue, backlogs not counted, is over its limit.
  bool is_full() const;
  /// The same after sending what the client takes at once: whether the client is slow.
  bool is_stuck();
  /// Ends the session; the sink hears of it at once.
  void close(close_cause why);

  std::unique_ptr<session_attachment> attached;

  // -- for HTTP requests and the shard --------------------------------------------------------------------------------

  /// Begins with a WebSocket of its own, whose upgrade request has `answer` for its answer.
  void begin(boost::asio::ip::tcp::socket socket, std::string_view early, wire_ptr answer, client_info client);
  /// Begins with polling; returns what answers the first GET.
  std::string begin_polling(client_info client);
  /// A WebSocket asks to become the transport. True: `upgrade` must follow at once. False: it is refused.
  bool may_upgrade();
  void upgrade(boost::asio::ip::tcp::socket socket, std::string_view early, wire_ptr answer);
  /// A GET; answered now or later. False: answer it with 400.
  bool poll(const std::shared_ptr<http_connection>& from);
  /// The client of the GET that waits has hung up.
  void poll_gone(const http_connection& from);
  /// A POST with its whole body. False: answer it with 400.
  bool post(std::string_view body);

  /// Sends what is queued, as far as the client takes it.
  void flush();
  /// The WebSocket that the session is on; null while it is polling or over.
  websocket* socket() { return closed_ ? nullptr : socket_.get(); }

private:
  friend class flusher;

  void on_message(websocket& on, std::string_view payload, bool text) override;
  void on_written(websocket& on) override;
  void on_ended(websocket& on, close_cause why) override;

  send_queue& queue() { return socket_ ? socket_->queue() : waiting_; }
  const send_queue& queue() const { return socket_ ? socket_->queue() : waiting_; }
  std::string open_packet() const;
  void deliver(const engineio::packet& what);
  void react(const engineio::reaction& what, const engineio::packet* cause = nullptr);
  void answer_poll(std::string payload);
  void beat();
  void watch_heartbeat();
  void after_push(bool urgent);
  void after_drain();
  void finish(close_cause why);

  shard& home_;
  uint64_t id_;
  sid_text sid_;
  engineio::session machine_;
  io::deadline heartbeat_;
  send_queue waiting_; ///< while the transport is polling
  websocket_ptr socket_, probing_;
  std::shared_ptr<http_connection> poll_; ///< the GET that waits
  uint64_t written_before_ = 0;           ///< by the socket, at the last heartbeat
  bool marked_ = false, urgent_ = false;  ///< the flusher's
  bool was_full_ = false, doomed_ = false, closed_ = false;
};

using session_ptr = boost::intrusive_ptr<engine_session>;

} // namespace stibium::web
