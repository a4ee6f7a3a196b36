#pragma once

#include "deploy/client/url.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>
#include <vector>

namespace stibium::client {

template <class T = void>
using task = boost::asio::awaitable<T>;

/// One HTTP request.
struct http_question {
  std::string method = "GET", target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body; ///< JSON; empty for none
};

struct http_answer {
  int status = 0;
  std::string body;
  std::vector<std::string> set_cookies;

  /// The value of a cookie that the answer sets; empty when it does not.
  std::string cookie(const std::string& name) const;
};

/// Asks the service, within 30 s. Throws `unreachable` when there is none or it does not answer.
task<http_answer> ask(const service_url& where, http_question what);

} // namespace stibium::client
