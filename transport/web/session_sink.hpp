#pragma once

#include "transport/web/client_info.hpp"
#include "transport/web/counters.hpp"

#include <string_view>

namespace stibium::web {

class engine_session;

/// What hangs on a session for those above it; goes with the session.
struct session_attachment {
  virtual ~session_attachment() = default;
};

/// What sits above the Engine.IO sessions of one io thread. Called on that thread, never from within a call to a
/// session except `close`. May send to and close any session from within.
class session_sink {
public:
  virtual ~session_sink() = default;
  /// A session begins; its open packet is on its way.
  virtual void opened(engine_session& on, client_info client) = 0;
  /// A text message of the client, without the packet type.
  virtual void text(engine_session& on, std::string_view message) = 0;
  virtual void binary(engine_session& on, std::string_view message) = 0;
  /// The queue was over its limit and has fallen below half of it.
  virtual void relieved(engine_session& on) = 0;
  /// The session is over; sending to it has no effect any more.
  virtual void closed(engine_session& on, close_cause why) = 0;
};

} // namespace stibium::web
