#include "transport/web/stream_frames.hpp"

#include "protocol/socketio/json.hpp"
#include "protocol/socketio/packet.hpp"

#include <charconv>

namespace stibium::web {

namespace {

constexpr size_t chunk_bytes = 64 * 1024;

/// `,"SEQ"`, in a buffer of its own.
class offset_text {
public:
  explicit offset_text(uint64_t seq) {
    text_[0] = ',';
    text_[1] = '"';
    auto end = std::to_chars(text_ + 2, text_ + sizeof text_ - 1, seq).ptr;
    *end++ = '"';
    size_ = static_cast<size_t>(end - text_);
  }
  std::string_view view() const { return {text_, size_}; }

private:
  char text_[24];
  size_t size_;
};

} // namespace

stream_encoder::stream_encoder(std::string nsp, bool offsets)
    : nsp_(std::move(nsp))
    , offsets_(offsets) {
  socketio::append_event(prefix_, nsp_, "data", {});
  prefix_.back() = ','; // instead of the closing bracket
}

void stream_encoder::append_data(std::string& out, std::string_view json, uint64_t seq) const {
  offset_text offset{seq};
  auto tail = offsets_ ? offset.view() : std::string_view{};
  char header[max_frame_header];
  out.append(header, write_frame_header(header, opcode::text, prefix_.size() + json.size() + tail.size() + 1));
  out.append(prefix_).append(json).append(tail).push_back(']');
}

std::vector<stream_chunk> stream_encoder::data(const stream_entries& entries) const {
  std::vector<stream_chunk> chunks;
  for (auto& entry : entries) {
    if (chunks.empty() || chunks.back().batch->frames.size() >= chunk_bytes)
      chunks.push_back({wire_ptr{new wire_batch}});
    auto& last = chunks.back();
    append_data(last.batch->frames, entry.json, entry.seq);
    ++last.entries;
    last.last_seq = entry.seq;
  }
  return chunks;
}

wire_ptr stream_encoder::backlog(const stream_snapshot& snapshot) const {
  std::string lines = "[";
  for (auto& entry : snapshot.entries) {
    if (lines.size() > 1) lines.push_back(',');
    lines.append(entry.json);
  }
  lines.push_back(']');
  if (offsets_) lines.append(offset_text{snapshot.last_seq}.view());
  std::string packet;
  socketio::append_event(packet, nsp_, "backlog", lines);
  wire_ptr batch{new wire_batch};
  append_frame(batch->frames, opcode::text, packet);
  return batch;
}

wire_ptr stream_encoder::marker(size_t skipped, uint64_t last_seq) const {
  wire_ptr batch{new wire_batch};
  auto text = "\xe2\x80\xa6 " + std::to_string(skipped) + " lines skipped \xe2\x80\xa6";
  append_data(batch->frames, socketio::json_string(text), last_seq);
  return batch;
}

} // namespace stibium::web
