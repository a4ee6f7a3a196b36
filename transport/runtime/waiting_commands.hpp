#pragma once

#include "actors/error.hpp"
#include "actors/interfaces.hpp"

#include <caf/typed_response_promise.hpp>

#include <deque>
#include <utility>

namespace stibium::runtime {

/// A command, and who waits for its end.
struct pending_command {
  runtime_command what;
  caf::typed_response_promise<instance_status> answer;
};

/// The commands that wait for the work on their instance to end, in their order.
class waiting_commands {
public:
  /// More are refused with `queue_full`.
  static constexpr size_t most = 16;

  bool empty() const { return waiting_.empty(); }

  /// Takes it in, or answers it. False: it was refused.
  bool push(pending_command command) {
    const bool room = waiting_.size() < most;
    if (room)
      waiting_.push_back(std::move(command));
    else
      command.answer.deliver(
          failure(ec::queue_full, "too many commands wait for instance " + command.what.instance.name));
    return room;
  }

  /// The one that has waited longest; there is one.
  pending_command pop() {
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

  /// Answers all of them.
  void refuse(const caf::error& why) {
    for (auto& each : std::exchange(waiting_, {})) each.answer.deliver(why);
  }

private:
  std::deque<pending_command> waiting_;
};

} // namespace stibium::runtime
