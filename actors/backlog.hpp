#pragma once

#include "actors/messages.hpp"

#include <deque>

namespace stibium {

/// The number of a stream's first entry. Streams number in ranges of their own, so that a client cannot resume in one
/// stream with an offset of another that had the same name.
constexpr uint64_t first_seq(stream_id stream) { return (stream.value << 40) + 1; }

/// The newest entries of a stream, bounded by their number and by the bytes of their JSON. Pure; not thread-safe.
///
/// Entries are shared with the messages that carry them. With `exact` set, entries older than the newest `exact` ones
/// are merged into chunks of up to `merged_bytes`; who resumes inside of those has to begin anew.
class backlog {
public:
  static constexpr size_t merged_bytes = 4096;

  backlog()
      : backlog({}, 0, 0) {}
  /// Numbers begin at `first_seq(stream)`. `exact` 0: nothing is ever merged.
  backlog(stream_id stream, size_t max_entries, size_t max_bytes, size_t exact = 0);

  /// Numbers the entries and keeps them; the oldest go first when a bound is passed. Each entry's `json` is a JSON
  /// string literal. Returns what is to be sent to subscribers.
  std::shared_ptr<const stream_entries> push(stream_entries entries);

  /// All entries that are kept.
  std::shared_ptr<const stream_snapshot> all();
  /// The entries after number `seq`; null when one of them is gone or was merged, or when `seq` is no number of this
  /// stream.
  std::shared_ptr<const stream_snapshot> after(uint64_t seq) const;

  /// Forgets the entries; numbers go on.
  void clear();

  uint64_t last_seq() const { return next_ - 1; }
  size_t size() const { return merged_.size() + exact_entries_; }
  size_t bytes() const { return bytes_; }

private:
  struct batch {
    std::shared_ptr<const stream_entries> shared;
    size_t from; // entries before this one are gone
  };

  const stream_entry& oldest_exact() const { return (*batches_.front().shared)[batches_.front().from]; }
  void drop_oldest_exact();
  void merge_oldest();
  void drop_oldest();
  void append(stream_entries& out, uint64_t after) const;

  size_t max_entries_, max_bytes_, exact_;
  uint64_t next_;
  std::deque<stream_entry> merged_;
  std::deque<batch> batches_;
  size_t exact_entries_ = 0;
  size_t bytes_ = 0;
  std::shared_ptr<const stream_snapshot> whole_; // of `all`, until something changes
};

} // namespace stibium
