#pragma once

#include "transport/io/poller.hpp"
#include "transport/io/socket_batch.hpp"
#include "transport/io/timing_wheel.hpp"
#include "transport/web/counters.hpp"
#include "transport/web/send_queue.hpp"
#include "transport/web/websocket_frame.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <array>
#include <memory>
#include <string_view>

namespace stibium::web {

class shard;
class websocket;

/// Hears what happens on a WebSocket. Called on its io thread; may close the WebSocket, or let go of it, from within.
class websocket_owner {
public:
  virtual void on_message(websocket& on, std::string_view payload, bool text) = 0;
  /// Bytes have left the queue.
  virtual void on_written(websocket& on) = 0;
  /// It is over; nothing more comes from it.
  virtual void on_ended(websocket& on, close_cause why) = 0;

protected:
  ~websocket_owner() = default;
};

/// A WebSocket after its upgrade, at the server's end: reads frames, answers pings, keeps the queue of what is to be
/// sent and writes it with as few system calls as can be. Lives on one io thread.
///
/// Reads into a small buffer of its own and takes a larger one only while a frame does not fit. Stops reading while its
/// queue is over `engine_options::send_queue_bytes`, so that a client that sends, but does not read, is slowed by TCP.
class websocket final : public boost::intrusive_ref_counter<websocket, boost::thread_unsafe_counter>,
                        public boost::intrusive::list_base_hook<>,
                        private io::pollable {
public:
  /// Takes over a socket whose upgrade is answered by the first bytes of the queue. `early` came behind the request.
  /// The owner may be null.
  websocket(shard& home, boost::asio::ip::tcp::socket socket, std::string_view early, websocket_owner* owner);
  ~websocket();
  websocket(const websocket&) = delete;
  websocket& operator=(const websocket&) = delete;

  /// Begins to read.
  void start();

  /// What waits to be sent; call `flush` after adding to it.
  send_queue& queue() { return queue_; }

  /// Sends what the socket takes now; the rest follows when it can. The owner hears of failures later, never from here.
  void flush();

  // The same in steps, for many together. Between the first and the second nothing else may happen to the queue.
  /// Adds what waits to a batch of sends; false if there is nothing that the socket would take.
  bool stage_write(io::socket_batch& into) const;
  /// Notes what became of it; false if nothing was taken. The owner hears nothing yet.
  bool sent(ssize_t result);
  /// Goes on after bytes have been taken: tells the owner.
  void after_write();

  // Reading in steps, for many together. Between the two nothing else may be done with it but ending it.
  /// Adds a receive to a batch; false if nothing is to be read now.
  bool stage_read(io::socket_batch& into);
  /// Takes what came of it. The owner hears of the messages.
  void received(ssize_t result);

  /// Ends it politely: sends what is queued and a close frame, waits a little for the client's. The owner hears nothing
  /// more.
  void close(uint16_t code, std::string_view reason);

  /// Ends it at once. The owner hears nothing more.
  void abort();

  /// Whether reading has stopped because the queue is too full.
  bool holds_back() const { return held_back_; }

  /// Bytes that the client has taken so far.
  uint64_t bytes_written() const { return written_; }

private:
  enum class state : uint8_t { open, closing, ended };
  static constexpr size_t inline_bytes = 512;

  char* bytes() { return heap_ ? heap_.get() : inline_.data(); }
  size_t capacity() const { return heap_ ? heap_capacity_ : inline_bytes; }
  void on_ready(uint32_t events) override;
  void read_soon();
  void parse();
  void take(const frame_item& item);
  void fit_buffer();
  void end_later();
  void end(close_cause why);

  shard& home_;
  int socket_;                              ///< -1 once it is over
  boost::intrusive_ptr<websocket> watched_; ///< itself, while the poller knows it
  websocket_owner* owner_;
  send_queue queue_;
  frame_reader reader_;
  io::deadline linger_;
  uint64_t written_ = 0;
  std::unique_ptr<char[]> heap_;
  uint32_t heap_capacity_ = 0, fill_ = 0;
  state state_ = state::open;
  bool readable_ = false;    ///< there may be something to read
  bool hung_up_ = false;     ///< nothing comes after what there is to read
  bool reading_ = false;     ///< it is marked for the intake
  bool held_back_ = false;   ///< nothing is read until the client has taken more
  bool blocked_ = false;     ///< the socket takes no more for now
  bool failed_ = false;      ///< it never will again
  bool broken_ = false;      ///< what comes can not be parsed any more
  bool peer_closed_ = false; ///< the client's close frame has come
  std::array<char, inline_bytes> inline_;
};

using websocket_ptr = boost::intrusive_ptr<websocket>;

} // namespace stibium::web
