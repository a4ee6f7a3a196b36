#include "deploy/client/http.hpp"

#include "deploy/client/failure.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace stibium::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::chrono::seconds patience{30};
constexpr uint64_t max_answer_bytes = 64 * 1024 * 1024;

} // namespace

std::string http_answer::cookie(const std::string& name) const {
  for (const auto& each : set_cookies) {
    if (!each.starts_with(name + "=")) continue;
    return each.substr(name.size() + 1, each.find(';') - name.size() - 1);
  }
  return {};
}

task<http_answer> ask(const service_url& where, http_question what) try {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver{executor};
  beast::tcp_stream stream{executor};
  stream.expires_after(patience);
  const auto found = co_await resolver.async_resolve(where.host, std::to_string(where.port), asio::use_awaitable);
  co_await stream.async_connect(found, asio::use_awaitable);

  http::request<http::string_body> request;
  request.method_string(what.method);
  request.target(what.target);
  request.set(http::field::host, where.text.substr(7));
  request.set(http::field::user_agent, "stibium");
  for (const auto& [name, value] : what.headers) request.set(name, value);
  if (!what.body.empty()) request.set(http::field::content_type, "application/json");
  request.keep_alive(false);
  request.body() = std::move(what.body);
  request.prepare_payload();
  co_await http::async_write(stream, request, asio::use_awaitable);

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(max_answer_bytes);
  co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  http_answer answer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body()), {}};
  for (const auto& field : parser.get())
    if (field.name() == http::field::set_cookie) answer.set_cookies.emplace_back(field.value());
  co_return answer;
} catch (const boost::system::system_error& error) {
  throw unreachable{
      "no answer from " + where.text + ": " + error.code().message() +
      "\nIs the service running? Start it (deploy/run, or systemctl start stibium), or name another with --url."};
}

} // namespace stibium::client
