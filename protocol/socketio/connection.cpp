#include "protocol/socketio/connection.hpp"

#include <algorithm>
#include <utility>

namespace stibium::socketio {

namespace {

action violate(violation why) {
  action out;
  out.what = deed::violate;
  out.why = why;
  return out;
}

action make(deed what, const packet& from) {
  action out;
  out.what = what;
  out.nsp = from.nsp;
  out.id = from.id;
  out.json = from.json;
  return out;
}

bool is_event(packet_type type) { return type == packet_type::event || type == packet_type::binary_event; }

} // namespace

/// A binary packet whose attachments are still coming, or have just come.
struct connection::reassembly {
  explicit reassembly(std::string_view text)
      : text{text} {}

  const std::string text;
  packet what; // points into text
  std::vector<std::string> attachments;
  size_t bytes = 0;

  bool complete() const { return attachments.size() == what.attachments; }
};

const char* to_string(violation why) {
  switch (why) {
  case violation::none: return "none";
  case violation::malformed_packet: return "malformed packet";
  case violation::unexpected_packet: return "packet that only servers send";
  case violation::not_connected: return "packet for a namespace that is not open";
  case violation::too_many_namespaces: return "too many namespaces";
  case violation::too_many_pending: return "too many namespaces asked for at once";
  case violation::binary_unannounced: return "binary message that no packet announced";
  case violation::text_within_binary: return "text message while attachments are due";
  case violation::attachments_too_large: return "attachments too large";
  case violation::connect_timeout: return "no CONNECT in time";
  }
  return "unknown violation";
}

connection::connection(const connection_limits& limits)
    : limits_{&limits} {}
connection::~connection() = default;
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&&) noexcept = default;

action connection::text(std::string_view message) {
  if (binary_) {
    if (!binary_->complete()) return violate(violation::text_within_binary);
    binary_.reset();
  }
  const auto what = decode(message);
  if (!what) {
    auto out = violate(violation::malformed_packet);
    out.error = what.error();
    return out;
  }
  if (what->attachments > 0) return start_binary(message, *what);
  return dispatch(*what);
}

action connection::binary(std::string_view message) {
  if (!binary_ || binary_->complete()) return violate(violation::binary_unannounced);
  binary_->bytes += message.size();
  if (binary_->bytes > limits_->max_attachment_bytes) return violate(violation::attachments_too_large);
  binary_->attachments.emplace_back(message);
  return binary_->complete() ? complete_binary() : action{};
}

action connection::dispatch(const packet& what) {
  switch (what.type) {
  case packet_type::connect: return connect(what);
  case packet_type::disconnect: return disconnect(what);
  case packet_type::connect_error: return violate(violation::unexpected_packet);
  case packet_type::event:
  case packet_type::ack:
  case packet_type::binary_event:
  case packet_type::binary_ack: break;
  }
  const auto* known = find(what.nsp);
  if (known && known->now == state::closed) return {};
  if (!known || known->now != state::open) return violate(violation::not_connected);
  return make(is_event(what.type) ? deed::event : deed::ack, what);
}

action connection::connect(const packet& what) {
  asked_ = true;
  auto* known = find(what.nsp);
  if (known && known->now == state::pending) return {};
  if (unanswered() >= limits_->max_pending) return violate(violation::too_many_pending);
  if (known && known->now == state::open) {
    known->now = state::pending;
    return make(deed::reconnect, what);
  }
  if (entries_.size() - count(state::closed) >= limits_->max_namespaces) return violate(violation::too_many_namespaces);
  if (!known) known = &entries_.emplace_back(entry{std::string{what.nsp}});
  known->now = state::pending;
  return make(deed::connect, what);
}

action connection::disconnect(const packet& what) {
  auto* known = find(what.nsp);
  if (!known || known->now == state::abandoned) return violate(violation::not_connected);
  switch (known->now) {
  case state::closed: forget(*known); return {};
  case state::pending:
    known->now = state::abandoned;
    ++known->owed;
    break;
  case state::open: forget(*known); break;
  case state::abandoned: break;
  }
  return make(deed::left, what);
}

action connection::start_binary(std::string_view message, const packet& what) {
  const auto* known = find(what.nsp);
  if (!known || (known->now != state::open && known->now != state::closed)) return violate(violation::not_connected);
  binary_ = std::make_unique<reassembly>(message);
  binary_->what = *decode(binary_->text);
  binary_->attachments.reserve(what.attachments);
  return {};
}

action connection::complete_binary() {
  // The server may have closed the namespace meanwhile.
  if (!is_open(binary_->what.nsp)) return {};
  auto out = make(is_event(binary_->what.type) ? deed::event : deed::ack, binary_->what);
  out.attachments = binary_->attachments;
  return out;
}

violation connection::tick(uint64_t age) const {
  return !asked_ && age >= limits_->connect_timeout ? violation::connect_timeout : violation::none;
}

/// Takes in one answer of the server; true when the client waits for it.
bool connection::answered(entry& which) {
  if (which.owed == 0) return which.now == state::pending;
  if (--which.owed == 0 && which.now == state::abandoned) forget(which);
  return false;
}

bool connection::accept(std::string_view nsp) {
  auto* known = find(nsp);
  if (!known || !answered(*known)) return false;
  known->now = state::open;
  return true;
}

bool connection::refuse(std::string_view nsp) {
  auto* known = find(nsp);
  if (!known || !answered(*known)) return false;
  forget(*known);
  return true;
}

bool connection::close(std::string_view nsp) {
  auto* known = find(nsp);
  if (!known || known->now != state::open) return false;
  known->now = state::closed;
  // The latest closed last, so that the oldest is forgotten first.
  const auto at = entries_.begin() + (known - entries_.data());
  std::rotate(at, at + 1, entries_.end());
  if (count(state::closed) > limits_->max_closed)
    forget(*std::find_if(entries_.begin(), entries_.end(), [](const entry& e) { return e.now == state::closed; }));
  return true;
}

bool connection::is_open(std::string_view nsp) const {
  const auto* known = find(nsp);
  return known && known->now == state::open;
}

size_t connection::open_count() const { return count(state::open); }

std::vector<std::string_view> connection::open_namespaces() const {
  std::vector<std::string_view> names;
  for (const auto& each : entries_)
    if (each.now == state::open) names.emplace_back(each.nsp);
  return names;
}

const connection::entry* connection::find(std::string_view nsp) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [nsp](const entry& e) { return e.nsp == nsp; });
  return found == entries_.end() ? nullptr : &*found;
}

connection::entry* connection::find(std::string_view nsp) { return const_cast<entry*>(std::as_const(*this).find(nsp)); }

size_t connection::count(state what) const {
  return static_cast<size_t>(
      std::count_if(entries_.begin(), entries_.end(), [what](const entry& e) { return e.now == what; }));
}

size_t connection::unanswered() const {
  auto sum = count(state::pending);
  for (const auto& each : entries_) sum += each.owed;
  return sum;
}

void connection::forget(entry& which) { entries_.erase(entries_.begin() + (&which - entries_.data())); }

} // namespace stibium::socketio
