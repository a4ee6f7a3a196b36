#pragma once

#include "transport/store/storage_error.hpp"

#include <string>

namespace stibium::store {

inline constexpr size_t signing_key_bytes = 32;

/// The key that signs tokens: `folder`/signing.key, 32 random bytes, readable by its owner only. Made when it is not
/// there; of several processes that make it at once, all get the same. Throws `storage_error` when it cannot be read or
/// made, has a wrong size, or can be read by others (the text says how to mend that).
std::string read_or_make_signing_key(const std::string& folder);

} // namespace stibium::store
