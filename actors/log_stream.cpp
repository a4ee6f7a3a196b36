#include "actors/log_stream.hpp"

#include "actors/utf8_cutter.hpp"
#include "protocol/socketio/json.hpp"

namespace stibium {

namespace {

/// Lines without a CR at their end, cut where they are too long.
std::vector<std::string> cut(std::vector<std::string> lines, size_t max_bytes) {
  std::vector<std::string> result;
  result.reserve(lines.size());
  for (auto& line : lines) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.size() <= max_bytes) {
      result.push_back(std::move(line));
      continue;
    }
    for (std::string_view rest = line; !rest.empty();) {
      const auto length = utf8_cut(rest, max_bytes);
      result.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
  }
  return result;
}

stream_entries encode(const std::vector<std::string>& lines) {
  stream_entries entries(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    entries[i].json.reserve(lines[i].size() + 2);
    socketio::append_json_string(entries[i].json, lines[i]);
  }
  return entries;
}

} // namespace

log_stream_state::~log_stream_state() {
  subscribers_.end(stream_);
  for (auto& early : early_) {
    // An error in answer to a plain message would end its sender.
    if (!early.promise.async()) early.promise.deliver(failure(ec::namespace_not_found, "the log has ended"));
  }
}

void log_stream_state::begin(log_stream_setup setup) {
  bounds_ = setup.bounds;
  bounds_.line_bytes = std::max<size_t>(bounds_.line_bytes, 4);
  log_ = backlog{stream_, bounds_.backlog_lines, bounds_.backlog_bytes};
  spool_ = std::move(setup.spool);
  if (!spool_ || !setup.restore) return;
  restoring_ = true;
  self->request(spool_, load_deadline, atom::load_v)
      .then([this](log_lines& stored) { restored(std::move(stored.lines), {}); },
            [this](caf::error& err) { restored({}, "earlier lines cannot be read: " + message_of(err)); });
}

void log_stream_state::restored(std::vector<std::string> lines, const std::string& trouble) {
  restoring_ = false;
  if (!discard_restored_) {
    if (!trouble.empty()) lines.push_back(trouble);
    publish(cut(std::move(lines), bounds_.line_bytes), false);
  }
  publish(std::move(early_lines_), true);
  early_lines_.clear();
  for (auto& early : std::exchange(early_, {})) {
    join(early.who);
    early.promise.deliver(caf::unit);
  }
}

caf::result<void> log_stream_state::subscribe(const subscription& who) {
  if (!restoring_) {
    join(who);
    return caf::unit;
  }
  if (early_.size() >= max_waiting) return failure(ec::queue_full, "too many wait for the log to be loaded");
  auto promise = self->make_response_promise();
  early_.push_back({who, promise});
  return caf::delegated<void>{};
}

void log_stream_state::join(const subscription& who) { subscribers_.join(who, stream_, self, overflow::skip, log_); }

void log_stream_state::add(log_lines& lines) {
  auto fresh = cut(std::move(lines.lines), bounds_.line_bytes);
  if (!restoring_) return publish(std::move(fresh), true);
  // Bounded like the backlog: what does not fit would not outlive the restoring either.
  std::move(fresh.begin(), fresh.end(), std::back_inserter(early_lines_));
  size_t bytes = 0, keep = 0;
  while (keep < early_lines_.size() && keep < bounds_.backlog_lines) {
    bytes += early_lines_[early_lines_.size() - 1 - keep].size();
    if (bytes > bounds_.backlog_bytes) break;
    ++keep;
  }
  early_lines_.erase(early_lines_.begin(), early_lines_.end() - static_cast<ptrdiff_t>(keep));
}

void log_stream_state::publish(std::vector<std::string> lines, bool spooled) {
  if (lines.empty()) return;
  auto entries = log_.push(encode(lines));
  if (!subscribers_.empty()) subscribers_.send(caf::make_message(stream_data{stream_, std::move(entries)}));
  if (!spooled || !spool_) return;
  for (auto& line : lines) {
    unspooled_bytes_ += line.size();
    unspooled_.push_back(std::move(line));
  }
  while (unspooled_.size() > bounds_.backlog_lines || unspooled_bytes_ > bounds_.backlog_bytes) {
    unspooled_bytes_ -= unspooled_.front().size();
    unspooled_.pop_front();
  }
  write_spool();
}

void log_stream_state::write_spool() {
  if (spooling_ || unspooled_.empty() || !spool_) return;
  spooling_ = true;
  unspooled_bytes_ = 0;
  log_lines batch{{std::make_move_iterator(unspooled_.begin()), std::make_move_iterator(unspooled_.end())}};
  unspooled_.clear();
  // Without a deadline: a dead spool answers at once, a slow one only makes the batches larger.
  self->request(spool_, caf::infinite, std::move(batch))
      .then(
          [this] {
            spooling_ = spool_troubled_ = false;
            write_spool();
          },
          [this](caf::error& err) {
            spooling_ = false;
            spool_failed(err);
            write_spool();
          });
}

void log_stream_state::spool_failed(const caf::error& err) {
  const bool gone = err == caf::sec::request_receiver_down;
  if (gone) spool_ = nullptr, unspooled_.clear(), unspooled_bytes_ = 0;
  // Told once until it works again, and not to the spool itself.
  if (!std::exchange(spool_troubled_, true))
    publish({"stibium: this log is not being kept on disk: " + (gone ? "its writer has ended" : message_of(err))},
            false);
}

void log_stream_state::reset() {
  log_.clear();
  early_lines_.clear();
  discard_restored_ = true;
  unspooled_.clear();
  unspooled_bytes_ = 0;
  if (!spool_) return;
  // The spool takes one sender's messages in order, so lines under way go before it and new ones after.
  self->request(spool_, caf::infinite, atom::reset_v).then([] {}, [this](caf::error& err) { spool_failed(err); });
}

void log_stream_state::close() {
  if (spool_ && !unspooled_.empty()) self->send(spool_, log_lines{{unspooled_.begin(), unspooled_.end()}});
  self->quit();
}

log_stream_actor::behavior_type log_stream(log_stream_actor::stateful_pointer<log_stream_state> self,
                                           log_stream_setup setup) {
  self->state.begin(std::move(setup));
  self->set_down_handler([self](caf::down_msg& msg) { self->state.gateway_down(msg.source); });
  return {[self](const subscription& who) { return self->state.subscribe(who); },
          [self](const leave_stream& who) { self->state.leave(who); },
          [](atom::congested, connection_id) {}, // never comes: slow clients skip lines
          [](atom::drained, connection_id) {},
          [self](log_lines& lines) { self->state.add(lines); },
          [self](atom::reset) { self->state.reset(); },
          [self](atom::close) { self->state.close(); }};
}

} // namespace stibium
