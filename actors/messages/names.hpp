#pragma once

#include "protocol/antimony/identity.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

/// \file
/// Names and types that all messages are made of.

namespace stibium {

using antimony::identity;
/// A user, shared by all that is asked on the user's behalf.
using user_ref = std::shared_ptr<const identity>;
using time_point = std::chrono::system_clock::time_point;

/// Names a lab: a UUID. A type of its own, because CAF picks handlers by type alone.
struct lab_id {
  std::string value;
  auto operator<=>(const lab_id&) const = default;
};

/// Names an open shell: a UUID.
struct shell_id {
  std::string value;
  auto operator<=>(const shell_id&) const = default;
};

/// Names a client connection (an Engine.IO session) within one gateway; never used twice in a process.
struct connection_id {
  uint64_t value = 0;
  auto operator<=>(const connection_id&) const = default;
};

/// Names a stream (a lab log, a node log, a shell); never used twice in a process. Made by `next_stream_id()`.
struct stream_id {
  uint64_t value = 0;
  auto operator<=>(const stream_id&) const = default;
};

/// A stream id that no other call has returned. May be called from any thread.
stream_id next_stream_id();

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::connection_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::stream_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::antimony::identity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::user_ref)
