#include "actors/backlog.hpp"

#include <algorithm>

namespace stibium {

namespace {

size_t bytes_of(const stream_entries& entries) {
  size_t sum = 0;
  for (const auto& entry : entries) sum += entry.json.size();
  return sum;
}

} // namespace

backlog::backlog(stream_id stream, size_t max_entries, size_t max_bytes, size_t exact)
    : max_entries_(max_entries)
    , max_bytes_(max_bytes)
    , exact_(exact)
    , next_(first_seq(stream)) {}

std::shared_ptr<const stream_entries> backlog::push(stream_entries entries) {
  for (auto& entry : entries) entry.seq = next_++;
  auto shared = std::make_shared<const stream_entries>(std::move(entries));
  if (shared->empty()) return shared;
  whole_ = nullptr;
  auto kept = shared;
  if (shared->size() > max_entries_ || bytes_of(*shared) > max_bytes_) {
    // More than fits at once: a copy of its end, so that the rest does not live on inside the batch.
    auto from = shared->size();
    for (size_t sum = 0; from > 0 && shared->size() - from < max_entries_; --from) {
      sum += (*shared)[from - 1].json.size();
      if (sum > max_bytes_) break;
    }
    clear();
    kept = std::make_shared<const stream_entries>(shared->begin() + static_cast<ptrdiff_t>(from), shared->end());
    if (kept->empty()) return shared;
  }
  batches_.push_back({kept, 0});
  exact_entries_ += kept->size();
  bytes_ += bytes_of(*kept);
  while (exact_ != 0 && exact_entries_ > exact_) merge_oldest();
  while (size() > max_entries_ || bytes_ > max_bytes_) drop_oldest();
  return shared;
}

std::shared_ptr<const stream_snapshot> backlog::all() {
  if (!whole_) {
    auto snapshot = std::make_shared<stream_snapshot>();
    snapshot->entries.reserve(size());
    snapshot->entries.assign(merged_.begin(), merged_.end());
    append(snapshot->entries, 0);
    snapshot->last_seq = last_seq();
    whole_ = std::move(snapshot);
  }
  return whole_;
}

std::shared_ptr<const stream_snapshot> backlog::after(uint64_t seq) const {
  const auto oldest = batches_.empty() ? next_ : oldest_exact().seq;
  if (seq >= next_ || seq + 1 < oldest) return nullptr;
  auto snapshot = std::make_shared<stream_snapshot>();
  append(snapshot->entries, seq);
  snapshot->last_seq = last_seq();
  return snapshot;
}

void backlog::clear() {
  merged_.clear();
  batches_.clear();
  exact_entries_ = bytes_ = 0;
  whole_ = nullptr;
}

void backlog::append(stream_entries& out, uint64_t after) const {
  for (const auto& part : batches_) {
    auto begin = part.shared->begin() + static_cast<ptrdiff_t>(part.from);
    if (part.shared->back().seq <= after) continue;
    if (begin->seq <= after) begin += static_cast<ptrdiff_t>(after - begin->seq + 1);
    out.insert(out.end(), begin, part.shared->end());
  }
}

void backlog::drop_oldest_exact() {
  auto& front = batches_.front();
  --exact_entries_;
  if (++front.from == front.shared->size()) batches_.pop_front();
}

void backlog::merge_oldest() {
  const auto& entry = oldest_exact();
  if (!merged_.empty() && merged_.back().json.size() + entry.json.size() <= merged_bytes) {
    // Both are string literals: the quotes between them go.
    auto& chunk = merged_.back();
    chunk.json.pop_back();
    chunk.json.append(entry.json, 1);
    chunk.seq = entry.seq;
    bytes_ -= 2;
  } else {
    merged_.push_back(entry);
  }
  drop_oldest_exact();
}

void backlog::drop_oldest() {
  if (!merged_.empty()) {
    bytes_ -= merged_.front().json.size();
    merged_.pop_front();
    return;
  }
  bytes_ -= oldest_exact().json.size();
  drop_oldest_exact();
}

} // namespace stibium
