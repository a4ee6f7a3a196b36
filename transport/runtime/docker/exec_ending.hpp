#pragma once

#include "transport/runtime/docker/endpoint.hpp"

#include <string>

namespace stibium::docker {

/// An exec whose programs have to end.
struct exec_to_end {
  endpoint where;
  std::string container, mark, user;
  std::string signal; ///< "HUP", "KILL"
};

/// Has it signalled soon, by a thread that serves the whole process, one after the other. While the container is paused
/// and while Docker is away it is tried again, up to an hour. When the process ends, what is asked for by then is done
/// first, as far as 5 s suffice; a Docker that hangs can hold that up for 20 s more. Any thread; does not block.
void end_soon(exec_to_end what);

} // namespace stibium::docker
