#pragma once

#include "actors/messages.hpp"
#include "transport/web/send_queue.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace stibium::web {

/// A part of a stream, as frames: what is queued, skipped or sent as one.
struct stream_chunk {
  wire_ptr batch;
  size_t entries = 0;
  uint64_t last_seq = 0;
};

/// Encodes streams for one namespace name, with or without offsets (connection state recovery).
class stream_encoder {
public:
  stream_encoder(std::string nsp, bool offsets);

  /// Each entry as an event `data`: `42/nsp,["data",ENTRY]` or `42/nsp,["data",ENTRY,"SEQ"]`; in chunks of about 64
  /// KiB.
  std::vector<stream_chunk> data(const stream_entries& entries) const;

  /// All entries as one event `backlog`, whose offset is the snapshot's last number.
  wire_ptr backlog(const stream_snapshot& snapshot) const;

  /// What stands in the place of entries that were dropped: `… N lines skipped …`.
  wire_ptr marker(size_t skipped, uint64_t last_seq) const;

  const std::string& nsp() const { return nsp_; }
  bool offsets() const { return offsets_; }

private:
  void append_data(std::string& out, std::string_view json, uint64_t seq) const;

  std::string nsp_;
  std::string prefix_; ///< `42/nsp,["data",`
  bool offsets_;
};

} // namespace stibium::web
