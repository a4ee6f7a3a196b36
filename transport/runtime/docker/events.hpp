#pragma once

#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/runtime/docker/endpoint.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace stibium::docker {

/// Something that happened to a container.
struct container_event {
  std::string action; ///< "start", "die", "destroy", "exec_start: sh", "health_status: healthy", ...
  std::string id;     ///< 64 hex digits
  std::map<std::string, std::string>
      attributes;      ///< its labels, "name", "image"; "exitCode" of `die`, "signal" of `kill`
  int64_t time_ns = 0; ///< Docker's clock, since 1970
};

/// The stream has begun (whatever happened before is unknown: look at everything now) or has been lost.
struct events_state {
  bool connected = false;
  std::string detail; ///< why not
};

/// Takes events. It is asked with one batch at a time.
using event_sink_actor = caf::typed_actor<caf::reacts_to<std::vector<container_event>>, caf::reacts_to<events_state>>;

/// Reads `/events`.
enum class events_signal : uint8_t { look, finish };
using event_reader_actor = caf::typed_actor<caf::reacts_to<events_signal>>;

/// Spawns a reader of Docker's container events on an io thread. It tells `sink` of every beginning and every loss of
/// the stream, and opens it again by itself: after 0.5 s, then twice as long each time, up to 15 s;
/// `events_signal::look` makes it try at once. A loss is told once, however often it is tried. It ends on
/// `events_signal::finish` and when `sink` goes down. `labels` ("key" or "key=value") selects containers. Events that
/// are no JSON, or longer than 1 MiB, lose the stream.
event_reader_actor spawn_event_reader(const nursery& in, io::io_thread& thread, const endpoint& where,
                                      std::vector<std::string> labels, event_sink_actor sink);

} // namespace stibium::docker

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::docker::container_event)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<stibium::docker::container_event>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::docker::events_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::docker::events_signal)
