#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace stibium::client {

/// Reads standard input on a thread of its own, so that the descriptor (which the calling shell shares) stays blocking.
class typing {
public:
  /// What was typed, or nothing at the end of the input.
  using handler = std::function<void(std::optional<std::string>)>;

  /// Starts reading; `on_typed` runs on `executor`. At most 8 chunks are under way: each waits for `taken`.
  typing(const boost::asio::any_io_executor& executor, handler on_typed);
  /// Ends the thread; `on_typed` is not called again.
  ~typing();
  typing(const typing&) = delete;
  typing& operator=(const typing&) = delete;

  /// One chunk has been dealt with.
  void taken();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace stibium::client
