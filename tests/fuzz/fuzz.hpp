#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

/// \file
/// What all fuzz targets share. A target is one file `fuzz_NAME.cpp` that defines `fuzz` and nothing else with a name
/// outside its namespace.

/// Does with `input` what the target is about. Must not keep anything from call to call.
void fuzz(std::string_view input);

/// A property that no input may break.
inline void require(bool holds) {
  if (!holds) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
