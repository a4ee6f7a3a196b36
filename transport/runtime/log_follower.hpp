#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"

#include <string>

namespace stibium::runtime {

/// Something to do for a log follower: the file has grown; it is time to look; all has been written.
enum class follower_signal : uint8_t { grown, look, finish };

/// A LOG FOLLOWER hands a file that grows to a log, line by line.
using log_follower_actor = caf::typed_actor<caf::reacts_to<follower_signal>>;

/// Spawns a follower on an io thread. It reads the file from its beginning, sends one batch of lines at a time and
/// waits for the answer, so that it is never faster than `sink`; it keeps the file small (`bound_log`). It notices
/// growth by inotify, or four times a second where that is not to be had. `follower_signal::finish` lets it read to the
/// end, send the last line even without its end, and quit; it also quits when `sink` goes down.
log_follower_actor spawn_log_follower(const nursery& in, io::io_thread& thread, std::string path, log_sink_actor sink);

} // namespace stibium::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::runtime::follower_signal)
