#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace stibium::containerlab {

/// Decides when something that goes wrong again and again is repaired: soon at first, later and later then, and not at
/// all once it was tried too often. Pure: time comes from outside.
class damper {
public:
  using time = std::chrono::steady_clock::time_point;
  static constexpr size_t max_tries = 6; ///< within `window`
  static constexpr std::chrono::seconds window{180};
  static constexpr std::chrono::milliseconds first_pause{400}, longest_pause{20'000};

  /// How long to wait before the next try; nothing: enough.
  std::optional<std::chrono::milliseconds> pause(time now);
  /// A try begins.
  void tried(time now) { tries_.push_back(now); }
  /// Somebody took things into their own hands.
  void reset() { tries_.clear(); }
  size_t tries() const { return tries_.size(); }

private:
  std::deque<time> tries_;
};

} // namespace stibium::containerlab
