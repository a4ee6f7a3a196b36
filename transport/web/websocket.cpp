#include "transport/web/websocket.hpp"

#include "transport/web/shard.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace stibium::web {

namespace {

constexpr size_t gathered = 64;                // batches of frames per send
constexpr size_t first_heap_bytes = 4096;      // of a buffer for frames that do not fit inline
constexpr std::chrono::seconds linger_time{3}; // for the client's close frame
constexpr uint16_t no_code_given = 1005;       // how the reader calls a close frame without a code
constexpr uint16_t normal_closure = 1000;

} // namespace

websocket::websocket(shard& home, boost::asio::ip::tcp::socket socket, std::string_view early, websocket_owner* owner)
    : home_(home)
    , socket_(socket.release())
    , owner_(owner)
    , reader_(home.options().max_payload)
    , linger_(this, [](void* me) { static_cast<websocket*>(me)->abort(); }) {
  if (early.size() > inline_bytes) {
    heap_capacity_ = static_cast<uint32_t>(early.size());
    heap_ = std::make_unique_for_overwrite<char[]>(heap_capacity_);
  }
  std::copy(early.begin(), early.end(), bytes());
  fill_ = static_cast<uint32_t>(early.size());
  home_.enlist(*this);
}

websocket::~websocket() {
  if (socket_ >= 0) ::close(socket_);
  home_.delist(*this);
}

void websocket::start() {
  if (state_ == state::ended) return;
  websocket_ptr keep{this};
  if (!home_.polled().watch(socket_, *this)) return end_later();
  watched_ = keep;
  parse();
}

void websocket::on_ready(uint32_t events) {
  websocket_ptr keep{this};
  if ((events & EPOLLOUT) && blocked_) {
    blocked_ = false;
    flush();
  }
  constexpr uint32_t ends = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (!(events & (EPOLLIN | ends))) return;
  readable_ = true;
  if (events & ends) hung_up_ = true;
  read_soon();
}

void websocket::read_soon() {
  if (reading_) return;
  reading_ = true;
  home_.intakes().mark(*this);
}

bool websocket::stage_read(io::socket_batch& into) {
  reading_ = false;
  if (!readable_ || state_ == state::ended) return false;
  if (state_ == state::open && queue_.bytes() > home_.options().send_queue_bytes) held_back_ = true;
  if (held_back_) return false;
  into.receive(socket_, {bytes() + fill_, capacity() - fill_});
  return true;
}

void websocket::received(ssize_t result) {
  if (state_ == state::ended) return;
  if (result == -EAGAIN) {
    readable_ = false;
    return;
  }
  if (result == 0 || (result < 0 && result != -EINTR)) return end(close_cause::transport_close);
  if (result > 0) {
    const auto size = static_cast<uint32_t>(result);
    // Less than there was room for is all that there was, and what comes later is told anew.
    if (size < capacity() - fill_ && !hung_up_) readable_ = false;
    counters::add(home_.counted().bytes_in, size);
    fill_ += size;
    parse();
  }
  if (readable_) read_soon();
}

void websocket::parse() {
  size_t at = 0;
  while (state_ != state::ended && !broken_ && !peer_closed_) {
    auto item = reader_.next({bytes() + at, fill_ - at});
    if (item.what == frame_item::kind::more) break;
    at += item.consumed;
    take(item);
  }
  if (broken_ || peer_closed_) at = fill_;
  fill_ -= static_cast<uint32_t>(at);
  if (at > 0 && fill_ > 0) std::memmove(bytes(), bytes() + at, fill_);
  fit_buffer();
}

void websocket::take(const frame_item& item) {
  using kind = frame_item::kind;
  switch (item.what) {
  case kind::text:
  case kind::binary:
    if (owner_) owner_->on_message(*this, item.payload, item.what == kind::text);
    break;
  case kind::ping:
    if (state_ != state::open) break;
    queue_.push_frame(opcode::pong, item.payload);
    flush();
    break;
  case kind::close: {
    peer_closed_ = true;
    auto* owner = owner_;
    close(item.code == no_code_given ? normal_closure : item.code, {});
    if (owner) owner->on_ended(*this, close_cause::transport_close);
    if (state_ == state::closing && queue_.empty()) end(close_cause::transport_close); // ours had gone out before
    break;
  }
  case kind::refused: {
    broken_ = true;
    auto* owner = owner_;
    close(item.code, to_string(item.error));
    if (owner) owner->on_ended(*this, close_cause::transport_error);
    break;
  }
  case kind::pong:
  case kind::part:
  case kind::more: break;
  }
}

void websocket::fit_buffer() {
  auto wanted = reader_.wanted();
  if (wanted > capacity()) {
    // A client may announce much and send little, so the buffer grows with what has come.
    auto size = std::min(wanted, std::max(first_heap_bytes, size_t{fill_} * 2));
    if (size <= capacity()) return;
    auto larger = std::make_unique_for_overwrite<char[]>(size);
    std::memcpy(larger.get(), bytes(), fill_);
    heap_ = std::move(larger);
    heap_capacity_ = static_cast<uint32_t>(size);
  } else if (heap_ && wanted <= inline_bytes && fill_ <= inline_bytes) {
    std::memcpy(inline_.data(), heap_.get(), fill_);
    heap_.reset();
  }
}

void websocket::flush() {
  auto& batch = home_.batch();
  while (stage_write(batch))
    if (sent(batch.submit().front())) after_write();
}

bool websocket::stage_write(io::socket_batch& into) const {
  if (state_ == state::ended || blocked_ || failed_ || queue_.empty()) return false;
  std::array<iovec, gathered> pieces;
  into.send(socket_, {pieces.data(), queue_.gather(pieces.data(), pieces.size())});
  return true;
}

bool websocket::sent(ssize_t result) {
  if (result == -EINTR) return false;
  if (result < 0) {
    blocked_ = result == -EAGAIN;
    if (!blocked_) end_later();
    return false;
  }
  written_ += static_cast<uint64_t>(result);
  counters::add(home_.counted().flushes);
  counters::add(home_.counted().bytes_out, static_cast<uint64_t>(result));
  queue_.consume(static_cast<size_t>(result));
  return true;
}

void websocket::end_later() {
  failed_ = true;
  boost::asio::post(home_.context(), [me = websocket_ptr{this}] { me->end(close_cause::transport_close); });
}

void websocket::after_write() {
  if (held_back_ && queue_.bytes() <= home_.options().send_queue_bytes / 2) {
    held_back_ = false;
    read_soon();
  }
  if (state_ == state::closing && queue_.empty()) {
    if (peer_closed_) return end(close_cause::transport_close);
    if (broken_) ::shutdown(socket_, SHUT_WR); // no close frame will be understood
  }
  if (owner_) owner_->on_written(*this);
}

void websocket::close(uint16_t code, std::string_view reason) {
  if (state_ != state::open) return;
  websocket_ptr keep{this};
  state_ = state::closing;
  owner_ = nullptr;
  wire_ptr frame{new wire_batch};
  append_close(frame->frames, code, reason);
  queue_.push(std::move(frame), cargo::direct);
  home_.arm(linger_, linger_time);
  flush();
  if (held_back_) {
    held_back_ = false;
    read_soon();
  }
}

void websocket::abort() {
  owner_ = nullptr;
  end(close_cause::transport_close);
}

void websocket::end(close_cause why) {
  if (state_ == state::ended) return;
  websocket_ptr keep{this};
  state_ = state::ended;
  linger_.disarm();
  queue_.clear();
  if (watched_) home_.polled().forget(socket_, *this);
  watched_.reset();
  ::close(std::exchange(socket_, -1));
  if (auto* owner = std::exchange(owner_, nullptr)) owner->on_ended(*this, why);
}

} // namespace stibium::web
