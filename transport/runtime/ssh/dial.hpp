#pragma once

#include "transport/runtime/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace stibium::runtime {

/// A TCP connection, or why there is none.
struct dialled {
  unique_fd fd;       ///< non-blocking, without delay of small packets, broken off 30 s after the far side has gone
  std::string reason; ///< "connection refused", ...; empty when connected
};

/// Connects, trying all addresses of a name. Blocks up to the deadline; looking up a name may take longer, an address
/// does not.
dialled dial(const std::string& host, uint16_t port, std::chrono::steady_clock::time_point until);

} // namespace stibium::runtime
