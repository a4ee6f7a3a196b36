#pragma once

#include "transport/web/websocket_frame.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct iovec;

/// \file
/// What waits to be sent to one client. Everything is kept as whole WebSocket frames, ready for the wire and shared by
/// all who get the same; long-polling takes the payloads out of them again.

namespace stibium::web {

/// Whole frames, shared by the queues of one io thread and never changed once they are shared.
struct wire_batch : boost::intrusive_ref_counter<wire_batch, boost::thread_unsafe_counter> {
  std::string frames;
};
using wire_ptr = boost::intrusive_ptr<wire_batch>;

/// What a batch is, as far as policies care.
enum class cargo : uint8_t {
  direct,   ///< acks, namespaces opened and closed, control frames: never dropped
  stream,   ///< stream data
  bulletin, ///< events: the oldest may be dropped
  backlog   ///< what a subscriber has missed; not counted against the hard limit
};

/// A queue of batches. Owns no heap while it is empty.
class send_queue {
public:
  /// Appends a batch.
  void push(wire_ptr batch, cargo what);

  /// Appends one frame, to the last batch when that is nobody else's.
  void push_frame(opcode op, std::string_view payload);

  /// Appends all of another queue, and empties it.
  void append(send_queue&& other);

  /// Drops the oldest bulletins that no byte of has been sent, until at most `target` bytes count or no such bulletin
  /// is left. Returns how many were dropped.
  size_t drop_bulletins(size_t target);

  /// Bytes that wait.
  size_t bytes() const { return bytes_; }
  /// Those of them that count against limits: all but backlogs.
  size_t counted_bytes() const { return bytes_ - backlog_bytes_; }
  bool empty() const { return bytes_ == 0; }

  /// Points up to `room` vectors at the front; returns how many. Valid until the queue changes.
  size_t gather(iovec* out, size_t room) const;

  /// Takes bytes that were sent off the front.
  void consume(size_t bytes);

  /// Takes whole frames off the front into a polling payload: at least one, further ones while the payload stays within
  /// `limit` bytes.
  std::string take_payload(size_t limit);

  void clear();

private:
  struct item {
    wire_ptr batch;
    cargo what;
  };
  void pop_front();

  std::vector<item> items_; ///< from `first_` on
  size_t first_ = 0;
  size_t sent_ = 0; ///< of the front batch
  size_t bytes_ = 0, backlog_bytes_ = 0;
};

} // namespace stibium::web
