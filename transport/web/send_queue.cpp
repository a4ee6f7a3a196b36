#include "transport/web/send_queue.hpp"

#include "protocol/engineio/packet.hpp"

#include <algorithm>
#include <sys/uio.h>

namespace stibium::web {

namespace {

// Direct frames are gathered in batches of about this size.
constexpr size_t batch_bytes = 16 * 1024;
// A queue that held more items than this gives its memory back once it is empty.
constexpr size_t kept_items = 8;

} // namespace

void send_queue::push(wire_ptr batch, cargo what) {
  auto size = batch->frames.size();
  if (size == 0) return;
  bytes_ += size;
  if (what == cargo::backlog) backlog_bytes_ += size;
  items_.push_back({std::move(batch), what});
}

void send_queue::push_frame(opcode op, std::string_view payload) {
  if (first_ < items_.size()) {
    auto& last = items_.back();
    if (last.what == cargo::direct && last.batch->use_count() == 1 && last.batch->frames.size() < batch_bytes) {
      auto before = last.batch->frames.size();
      append_frame(last.batch->frames, op, payload);
      bytes_ += last.batch->frames.size() - before;
      return;
    }
  }
  wire_ptr batch{new wire_batch};
  append_frame(batch->frames, op, payload);
  push(std::move(batch), cargo::direct);
}

void send_queue::append(send_queue&& other) {
  for (auto i = other.first_; i < other.items_.size(); ++i)
    push(std::move(other.items_[i].batch), other.items_[i].what);
  other.clear();
}

size_t send_queue::drop_bulletins(size_t target) {
  size_t dropped = 0;
  auto keep = first_ + (sent_ > 0 ? 1 : 0);
  auto out = keep;
  for (auto i = keep; i < items_.size(); ++i) {
    if (items_[i].what == cargo::bulletin && counted_bytes() > target) {
      bytes_ -= items_[i].batch->frames.size();
      ++dropped;
      continue;
    }
    if (out != i) items_[out] = std::move(items_[i]);
    ++out;
  }
  items_.erase(items_.begin() + static_cast<ptrdiff_t>(out), items_.end());
  if (first_ == items_.size()) clear();
  return dropped;
}

size_t send_queue::gather(iovec* out, size_t room) const {
  size_t used = 0;
  auto skip = sent_;
  for (auto i = first_; i < items_.size() && used < room; ++i, skip = 0) {
    auto& frames = items_[i].batch->frames;
    out[used++] = {const_cast<char*>(frames.data()) + skip, frames.size() - skip};
  }
  return used;
}

void send_queue::consume(size_t bytes) {
  bytes_ -= bytes;
  while (bytes > 0) {
    auto& front = items_[first_];
    auto take = std::min(bytes, front.batch->frames.size() - sent_);
    if (front.what == cargo::backlog) backlog_bytes_ -= take;
    sent_ += take;
    bytes -= take;
    if (sent_ == front.batch->frames.size()) pop_front();
  }
}

void send_queue::pop_front() {
  items_[first_].batch.reset();
  sent_ = 0;
  ++first_;
  if (first_ == items_.size()) {
    first_ = 0;
    if (items_.capacity() > kept_items)
      std::vector<item>{}.swap(items_);
    else
      items_.clear();
  } else if (first_ >= 64 && first_ * 2 >= items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

std::string send_queue::take_payload(size_t limit) {
  std::string payload;
  while (!empty()) {
    auto frame = front_frame(std::string_view{items_[first_].batch->frames}.substr(sent_));
    engineio::packet packet;
    if (frame.op == opcode::binary) {
      packet = engineio::decode_binary(frame.payload);
    } else if (auto text = engineio::decode_text(frame.payload)) {
      packet = *text;
    }
    if (!payload.empty() && payload.size() + engineio::payload_size(packet) > limit) break;
    engineio::append_to_payload(payload, packet);
    consume(frame.size);
  }
  return payload;
}

void send_queue::clear() {
  std::vector<item>{}.swap(items_);
  first_ = sent_ = bytes_ = backlog_bytes_ = 0;
}

} // namespace stibium::web
