#pragma once

#include "actors/error.hpp"
#include "transport/store/storage_error.hpp"

#include <caf/result.hpp>

#include <type_traits>

namespace stibium::store {

/// Runs one piece of work of an actor; a `storage_error` that it throws becomes the answer.
template <class Work>
auto attempt(Work work) -> caf::result<decltype(work())> {
  try {
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      return caf::unit;
    } else {
      return work();
    }
  } catch (const storage_error& err) {
    return failure(ec::storage_failed, err.what());
  }
}

} // namespace stibium::store
