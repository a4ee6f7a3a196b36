#include "transport/web/http_message.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <atomic>
#include <ctime>
#include <memory>

namespace stibium::web {

namespace {

namespace http = boost::beast::http;

constexpr size_t max_target_bytes = 8192;

std::string_view reason_of(int status) {
  if (status == 498) return "Invalid Token";
  return http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
}

/// Header values come from handlers; a line end in one must not begin a header of its own.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (auto c : value) out.push_back(c == '\r' || c == '\n' ? ' ' : c);
  out.append("\r\n");
}

/// Calls what it holds once: with an answer or, when it goes without one, with a 500.
class single_reply {
public:
  single_reply(boost::asio::io_context& context, std::function<void(http_response)> take)
      : context_(context)
      , take_(std::move(take)) {}
  ~single_reply() { give(plain_answer(500)); }

  void give(http_response answer) {
    if (given_.exchange(true)) return;
    boost::asio::post(context_,
                      [take = std::move(take_), answer = std::move(answer)]() mutable { take(std::move(answer)); });
  }

private:
  boost::asio::io_context& context_;
  std::function<void(http_response)> take_;
  std::atomic<bool> given_{false};
};

} // namespace

answer_terms terms_of(const beast_request& head) {
  return {head.version(), head.keep_alive(), head.method() == http::verb::head, std::string{head[http::field::origin]}};
}

int refusal_of(const beast_request& head) {
  if (head.target().size() > max_target_bytes) return 414;
  if (head.method() == http::verb::unknown) return 501;
  if (path_of(head.target()).empty()) return 400;
  if (head.version() >= 11 && head.count(http::field::host) != 1) return 400;
  if (head.count(http::field::transfer_encoding) == 0) return 0;
  // Whoever stands in between might see another end of the body in anything else (RFC 9112, 6.1).
  if (head.version() < 11) return 400;
  const bool plain = head.count(http::field::transfer_encoding) == 1 &&
                     same_header_name(std::string_view{head[http::field::transfer_encoding]}, "chunked");
  return plain ? 0 : 501;
}

std::string_view path_of(std::string_view target) {
  auto path = target.substr(0, target.find('?'));
  if (path.starts_with("http://") || path.starts_with("https://")) {
    auto slash = path.find('/', path.find("//") + 2);
    return slash == std::string_view::npos ? "/" : path.substr(slash);
  }
  return path.starts_with('/') ? path : std::string_view{};
}

bool is_engine_path(std::string_view engine_path, std::string_view path) {
  return path.starts_with(engine_path) || path == engine_path.substr(0, engine_path.size() - 1);
}

http_request to_request(beast_request&& request, std::string_view engine_path) {
  http_request out;
  std::string_view target = request.target();
  out.target = percent_decode(path_of(target));
  // Handlers need not know of HEAD: they answer as if it were GET, and the body is left out. A GET of Engine.IO does
  // more than that: it takes what waits for the client.
  const bool like_get = request.method() == http::verb::head && !is_engine_path(engine_path, out.target);
  out.method = like_get ? "GET" : std::string{request.method_string()};
  if (auto question = target.find('?'); question != std::string_view::npos) out.query = target.substr(question + 1);
  for (auto& field : request) {
    if (request.version() < 11 && field.name() == http::field::upgrade) continue; // RFC 9110, 7.8
    out.headers.emplace_back(field.name_string(), field.value());
  }
  out.body = std::move(request.body());
  return out;
}

bool is_secure(const http_request& request, const boost::asio::ip::tcp::socket& socket) {
  if (request.header("X-Forwarded-Proto").value_or("") != "https") return false;
  boost::system::error_code failed;
  auto peer = socket.remote_endpoint(failed);
  return !failed && peer.address().is_loopback();
}

http_response plain_answer(int status) {
  http_response answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=UTF-8";
  answer.body = fmt::format("{} {}\n", status, reason_of(status));
  return answer;
}

std::string to_text(const http_response& answer, const answer_terms& terms) {
  std::string out;
  out.reserve(256 + answer.body.size());
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", answer.status, reason_of(answer.status));
  auto bodiless = answer.status == 204 || answer.status == 304 || answer.status < 200;
  if (!bodiless) {
    if (!answer.content_type.empty()) append_header(out, "Content-Type", answer.content_type);
    append_header(out, "Content-Length", std::to_string(answer.body.size()));
  }
  append_header(out, "Date", fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(std::time(nullptr))));
  for (auto& [name, value] : answer.headers) append_header(out, name, value);
  if (!terms.keep_alive)
    append_header(out, "Connection", "close");
  else if (terms.version < 11)
    append_header(out, "Connection", "keep-alive");
  out.append("\r\n");
  if (!bodiless && !terms.head) out.append(answer.body);
  return out;
}

http_reply make_reply(boost::asio::io_context& context, std::function<void(http_response)> take) {
  auto once = std::make_shared<single_reply>(context, std::move(take));
  return [once](http_response answer) { once->give(std::move(answer)); };
}

} // namespace stibium::web
