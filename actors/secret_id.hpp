#pragma once

#include <string>

namespace stibium {

/// 20 characters of [A-Za-z0-9_-] from the system's source of randomness: names for sockets that nobody can guess.
std::string secret_id();

/// A random UUID (version 4), from the same source.
std::string random_uuid();

} // namespace stibium
