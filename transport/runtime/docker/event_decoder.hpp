#pragma once

#include "transport/runtime/docker/events.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace stibium::docker {

inline constexpr size_t max_event = 1024 * 1024; ///< bytes of one event

/// Makes events of the bytes of `/events`, one JSON object per line, in whatever pieces they come. Pure.
class event_decoder {
public:
  /// Takes the next bytes and adds the container events that they complete; other events are skipped. False when they
  /// are no events, or one is longer than `max_event`.
  bool feed(std::string_view bytes, std::vector<container_event>& events);

private:
  std::string partial_;
};

} // namespace stibium::docker
