#pragma once

#include <exception>
#include <utility>

namespace stibium::io {

/// Keeps an exception until many have had their turn: what one of them cannot bear is not to cost the others theirs.
class first_failure {
public:
  /// Calls `what`; the first exception of all calls is kept, others are dropped.
  template <class F>
  void guard(F&& what) {
    try {
      what();
    } catch (...) {
      if (!kept_) kept_ = std::current_exception();
    }
  }

  /// Throws the one that is kept, if there is one, and forgets it.
  void rethrow() {
    if (kept_) std::rethrow_exception(std::exchange(kept_, nullptr));
  }

private:
  std::exception_ptr kept_;
};

} // namespace stibium::io
