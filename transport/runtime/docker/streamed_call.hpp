#pragma once

#include "transport/runtime/docker/http_call.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace stibium::docker {

/// What an actor hears of its call.
struct call_news {
  enum class kind : uint8_t { opened, piece, ended, failed } what = kind::failed;
  uint64_t call = 0;
  std::string bytes; ///< only for `piece`
  caf::error error;  ///< only for `failed`
};

/// The one call that an actor on an io thread makes at a time. Its news are messages, so that an actor that is gone
/// does no harm; news of a call before are told by `is_current`. Destroyed on the io thread.
class streamed_call {
public:
  using teller = std::function<void(call_news)>;

  streamed_call() = default;
  ~streamed_call() { close(); }
  streamed_call(const streamed_call&) = delete;
  streamed_call& operator=(const streamed_call&) = delete;

  /// Begins a call; `opened` or `failed` comes. What was under way is given up.
  void open(boost::asio::io_context& context, const endpoint& where, http_request what, teller tell);
  /// Reads on: one `piece`, `ended` or `failed` comes.
  void read();
  void close();
  bool is_current(const call_news& news) const { return call_ && news.call == number_; }
  bool under_way() const { return static_cast<bool>(call_); }

private:
  std::shared_ptr<http_call> call_;
  teller tell_;
  uint64_t number_ = 0;
};

} // namespace stibium::docker

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::docker::call_news)
