#pragma once

#include "transport/web/http.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <atomic>
#include <memory>

namespace stibium::web {

/// A reply that is made exactly once: what nobody has answered when the last holder lets go is answered with 500, so
/// that no client waits for an actor that is gone. Thread-safe.
class reply_once {
public:
  explicit reply_once(http_reply reply);
  ~reply_once();
  reply_once(const reply_once&) = delete;
  reply_once& operator=(const reply_once&) = delete;

  /// The first call answers; later ones do nothing.
  void answer(http_response response);

private:
  http_reply reply_;
  std::atomic<bool> done_{false};
};

/// One request on its way through the REST actor.
struct rest_call {
  std::shared_ptr<const http_request> request;
  std::shared_ptr<reply_once> reply;

  /// Answers, with the headers that all answers have; without a body when the method is HEAD.
  void answer(http_response response) const;
};

} // namespace stibium::web

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::web::rest_call)
