#pragma once

#include <stdexcept>

namespace stibium::store {

/// Something on disk cannot be used; the text says which file, why, and what to do.
struct storage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace stibium::store
