#pragma once

#include "actors/interfaces.hpp"
#include "actors/spawn.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/runtime/docker/endpoint.hpp"
#include "transport/runtime/log_follower.hpp"

#include <string>

namespace stibium::docker {

/// Spawns a follower of a container's output on an io thread: all that the container has said so far, then what
/// follows, through its restarts, the engine's and lost connections, every line once and in Docker's order. It sends
/// one batch of lines at a time and waits for the answer, so that it is never faster than `sink`. Lines come without
/// their ends; longer ones are cut at 64 KiB.
///
/// It ends when the container is removed, when `sink` goes down, and on `follower_signal::finish`, after it has handed
/// over what is there by then. While the container is stopped or Docker is away it waits and looks now and then, up to
/// 15 s apart; `follower_signal::look` makes it look at once. A log that Docker cannot read says so in one line.
/// `container` is an id: a name could be another container's later.
runtime::log_follower_actor spawn_container_log(const nursery& in, io::io_thread& thread, const endpoint& where,
                                                std::string container, log_sink_actor sink);

} // namespace stibium::docker
