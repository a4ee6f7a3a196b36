#include "protocol/socketio/connection.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace stibium::socketio;

namespace {

constexpr connection_limits limits{.max_namespaces = 4, .max_pending = 3, .max_closed = 2, .max_attachment_bytes = 64};

/// One step of a client or of the server; the first character says which. False when the connection is to be closed.
bool step(connection& on, std::string_view line) {
  const auto rest = line.substr(1);
  switch (line.front()) {
  case 'a':
    if (on.accept(rest)) require(on.is_open(rest));
    return true;
  case 'r':
    if (on.refuse(rest)) require(!on.is_open(rest));
    return true;
  case 'c':
    require(on.is_open(rest) == on.close(rest));
    require(!on.is_open(rest));
    return true;
  default: break;
  }
  const auto got = line.front() == 'b' ? on.binary(rest) : on.text(rest);
  require((got.what == deed::violate) == (got.why != violation::none));
  require(got.error.has_value() == (got.why == violation::malformed_packet));
  if (got.what == deed::event || got.what == deed::ack) require(on.is_open(got.nsp) && !got.json.empty());
  if (got.what == deed::left || got.what == deed::connect || got.what == deed::reconnect) require(!on.is_open(got.nsp));
  return got.what != deed::violate;
}

} // namespace

void fuzz(std::string_view input) {
  connection on(limits);
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(line.size() == input.size() ? line.size() : line.size() + 1);
    if (!line.empty() && !step(on, line)) return;
    require(on.open_count() == on.open_namespaces().size() && on.open_count() <= limits.max_namespaces);
  }
}
