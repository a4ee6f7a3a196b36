#include "transport/web/rest_call.hpp"

#include "transport/web/rest_json.hpp"

namespace stibium::web {

reply_once::reply_once(http_reply reply)
    : reply_{std::move(reply)} {}

reply_once::~reply_once() { answer(error_response(500, 500, "the request was not answered: the service is ending")); }

void reply_once::answer(http_response response) {
  if (!done_.exchange(true)) reply_(std::move(response));
}

void rest_call::answer(http_response response) const {
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (request->method == "HEAD") response.body.clear();
  reply->answer(std::move(response));
}

} // namespace stibium::web
