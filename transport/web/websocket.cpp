#include "transport/web/websocket.hpp"

#include "transport/web/shard.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>

namespace stibium::web {

namespace {

constexpr size_t gathered = 64;                // batches per system call
constexpr size_t first_heap_bytes = 4096;      // of a buffer for frames that do not fit inline
constexpr std::chrono::seconds linger_time{3}; // for the client's close frame
constexpr uint16_t no_code_given = 1005;       // how the reader calls a close frame without a code
constexpr uint16_t normal_closure = 1000;

} // namespace

websocket::websocket(shard& home, tcp::socket socket, std::string_view early, websocket_owner* owner)
    : home_(home)
    , socket_(std::move(socket))
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

websocket::~websocket() { home_.delist(*this); }

void websocket::start() {
  websocket_ptr keep{this};
  parse();
  read();
}

void websocket::read() {
  if (state_ == state::ended || reading_ || parsing_) return; // who parses, reads on afterwards
  if (state_ == state::open && queue_.bytes() > home_.options().send_queue_bytes) held_back_ = true;
  if (held_back_) return;
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(bytes() + fill_, capacity() - fill_),
                          [me = websocket_ptr{this}](const boost::system::error_code& failed, size_t size) {
                            me->reading_ = false;
                            if (me->state_ == state::ended) return;
                            if (failed) return me->end(close_cause::transport_close);
                            counters::add(me->home_.counted().bytes_in, size);
                            me->fill_ += static_cast<uint32_t>(size);
                            me->parse();
                            me->read();
                          });
}

void websocket::parse() {
  if (parsing_) return;
  parsing_ = true;
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
  parsing_ = false;
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
  while (state_ != state::ended && !writing_ && !queue_.empty()) {
    std::array<iovec, gathered> vectors;
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = queue_.gather(vectors.data(), vectors.size());
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    auto sent = message.msg_iovlen == 1
                    ? ::send(socket_.native_handle(), vectors[0].iov_base, vectors[0].iov_len, flags)
                    : ::sendmsg(socket_.native_handle(), &message, flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return await_writable();
    if (sent < 0) return end_later();
    written_ += static_cast<uint64_t>(sent);
    counters::add(home_.counted().flushes);
    counters::add(home_.counted().bytes_out, static_cast<uint64_t>(sent));
    queue_.consume(static_cast<size_t>(sent));
    after_write();
  }
}

void websocket::end_later() {
  writing_ = true; // no more
  boost::asio::post(home_.context(), [me = websocket_ptr{this}] { me->end(close_cause::transport_close); });
}

void websocket::await_writable() {
  writing_ = true;
  socket_.async_wait(tcp::socket::wait_write, [me = websocket_ptr{this}](const boost::system::error_code& failed) {
    me->writing_ = false;
    if (me->state_ == state::ended) return;
    if (failed) return me->end(close_cause::transport_close);
    me->flush();
  });
}

void websocket::after_write() {
  if (held_back_ && queue_.bytes() <= home_.options().send_queue_bytes / 2) {
    held_back_ = false;
    read();
  }
  if (state_ == state::closing && queue_.empty()) {
    if (peer_closed_) return end(close_cause::transport_close);
    boost::system::error_code ignored;
    if (broken_) socket_.shutdown(tcp::socket::shutdown_send, ignored); // no close frame will be understood
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
    read();
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
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (auto* owner = std::exchange(owner_, nullptr)) owner->on_ended(*this, why);
}

} // namespace stibium::web
