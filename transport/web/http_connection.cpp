#include "transport/web/http_connection.hpp"

#include "transport/web/cors.hpp"
#include "transport/web/engine_endpoint.hpp"
#include "transport/web/http_message.hpp"
#include "transport/web/shard.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <spdlog/spdlog.h>

#include <sys/socket.h>
#include <unistd.h>

namespace stibium::web {

namespace {

using namespace std::chrono_literals;
namespace http = boost::beast::http;
using error_code = boost::system::error_code;

constexpr uint32_t max_header_bytes = 16 * 1024; // with the request line
constexpr auto first_byte_time = 10s;            // of a new connection
constexpr auto write_time = 120s;
constexpr auto linger_time = 2s; // for a client that still sends when it has been refused
constexpr size_t read_ahead = 4096;
// What has been read and not been understood yet: the head, or the head of a chunk or what follows the last one.
constexpr size_t max_unread_bytes = 64 * 1024;

} // namespace

handed_over::handed_over(handed_over&& other) noexcept
    : socket(std::exchange(other.socket, -1))
    , ipv6(other.ipv6)
    , behind(std::move(other.behind))
    , request(std::move(other.request))
    , terms(std::move(other.terms)) {}

handed_over::~handed_over() {
  if (socket >= 0) ::close(socket);
}

http_connection::http_connection(shard& home, tcp::socket socket)
    : home_(home)
    , socket_(std::move(socket))
    , buffer_(max_unread_bytes)
    , deadline_(this, [](void* me) { static_cast<http_connection*>(me)->passed(); }) {
  home_.http_begins();
}

http_connection::~http_connection() { home_.http_ended(); }

// -- reading ----------------------------------------------------------------------------------------------------------

void http_connection::start() {
  home_.arm(deadline_, first_byte_time);
  read_request();
}

void http_connection::read_request() {
  stage_ = stage::idle;
  parser_.emplace();
  parser_->header_limit(max_header_bytes);
  parser_->body_limit(boost::none); // until the head tells which one holds
  if (buffer_.size() > 0) return read_header();
  socket_.async_wait(tcp::socket::wait_read, [me = shared_from_this()](const error_code& failed) {
    if (me->stage_ != stage::idle) return;
    if (failed) return me->end();
    me->read_header();
  });
}

void http_connection::read_header() {
  stage_ = stage::header;
  home_.arm(deadline_, home_.options().header_timeout);
  http::async_read_header(socket_, buffer_, *parser_, [me = shared_from_this()](const error_code& failed, size_t) {
    if (me->stage_ != stage::header) return;
    if (failed) return me->on_read_error(failed);
    me->on_header();
  });
}

void http_connection::on_header() {
  auto& head = parser_->get();
  terms_ = terms_of(head);
  if (auto status = refusal_of(head); status != 0) return refuse(status);
  auto engine = is_engine_path(home_.options().path, percent_decode(path_of(head.target())));
  auto limit = engine ? home_.options().max_payload : home_.options().max_body;
  if (parser_->content_length().value_or(0) > limit) return refuse(413);
  parser_->body_limit(limit);
  stage_ = stage::body;
  home_.arm(deadline_, home_.options().body_timeout);
  if (!parser_->is_done() && head.version() >= 11 &&
      same_header_name(std::string_view{head[http::field::expect]}, "100-continue"))
    return invite_body();
  read_body();
}

void http_connection::invite_body() {
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  boost::asio::async_write(socket_, boost::asio::buffer(go_on),
                           [me = shared_from_this()](const error_code& failed, size_t) {
                             if (me->stage_ != stage::body) return;
                             if (failed) return me->end();
                             me->read_body();
                           });
}

void http_connection::read_body() {
  if (parser_->is_done()) return on_request();
  http::async_read(socket_, buffer_, *parser_, [me = shared_from_this()](const error_code& failed, size_t) {
    if (me->stage_ != stage::body) return;
    if (failed) return me->on_read_error(failed);
    me->on_request();
  });
}

void http_connection::on_read_error(const error_code& failed) {
  auto is = [&](http::error what) { return failed == what; };
  if (failed.category() != http::make_error_code(http::error::end_of_stream).category()) return end();
  if (is(http::error::end_of_stream) || is(http::error::partial_message)) return end();
  terms_.keep_alive = false;
  if (is(http::error::body_limit)) return refuse(413);
  if (is(http::error::bad_version)) return refuse(505);
  if (!is(http::error::header_limit) && !is(http::error::buffer_overflow)) return refuse(400);
  auto read = buffer_.data();
  std::string_view text{static_cast<const char*>(read.data()), read.size()};
  // The parser takes the request's line out of the buffer as soon as it is whole.
  const bool has_line = !parser_->get().target().empty() || text.find('\n') != std::string_view::npos;
  refuse(has_line ? 431 : 414);
}

void http_connection::passed() {
  switch (stage_) {
  case stage::header:
  case stage::body: terms_.keep_alive = false; return refuse(408);
  case stage::idle:
  case stage::writing:
  case stage::lingering: return end();
  case stage::answering:
  case stage::over: return;
  }
}

void http_connection::on_request() {
  deadline_.disarm();
  counters::add(home_.counted().http_requests);
  auto request = to_request(parser_->release(), home_.options().path);
  parser_.reset();
  request.secure = is_secure(request, socket_);
  serve(std::move(request));
}

// -- answering --------------------------------------------------------------------------------------------------------

void http_connection::serve(http_request request) {
  stage_ = stage::answering;
  auto& options = home_.options();
  if (auto answer = answer_preflight(options.cors_origins, request)) return reply(std::move(*answer));
  if (!is_engine_path(options.path, request.target)) return serve_handler(std::move(request));
  auto sid = engine_sid(request);
  auto* there = home_.home_of(sid);
  if (there && there != &home_) return hand_over(*there, std::move(request));
  serve_engine(home_, shared_from_this(), request);
}

void http_connection::hand_over(shard& to, http_request request) {
  handed_over what;
  what.request = std::move(request);
  what.terms = std::move(terms_);
  error_code failed;
  what.ipv6 = socket_.local_endpoint(failed).protocol() == tcp::v6();
  auto released = release(what.behind);
  what.socket = released.release(failed);
  if (!failed) to.hand_over(std::move(what));
}

void http_connection::resume(shard& home, handed_over what) {
  tcp::socket socket{home.context()};
  error_code failed;
  socket.assign(what.ipv6 ? tcp::v6() : tcp::v4(), what.socket, failed);
  if (failed) return;
  what.socket = -1;
  auto connection = std::make_shared<http_connection>(home, std::move(socket));
  home.enlist(connection);
  connection->terms_ = std::move(what.terms);
  auto room = connection->buffer_.prepare(what.behind.size());
  boost::asio::buffer_copy(room, boost::asio::buffer(what.behind));
  connection->buffer_.commit(what.behind.size());
  connection->stage_ = stage::answering;
  serve_engine(home, connection, what.request);
}

void http_connection::serve_handler(http_request request) {
  auto& handler = home_.options().on_http;
  if (!handler) return refuse(404);
  request.remote = remote();
  auto answer = make_reply(home_.context(), [me = weak_from_this()](http_response what) {
    // A client that has left needs no answer.
    if (auto here = me.lock()) here->reply(std::move(what));
  });
  try {
    handler(std::move(request), std::move(answer));
  } catch (const std::exception& error) { // nobody can answer any more, so it is answered with 500
    spdlog::error("web: the handler of an HTTP request threw: {}", error.what());
  }
}

void http_connection::wait_for(session_ptr session) {
  waits_for_ = std::move(session);
  if (watching_) return;
  watching_ = true;
  socket_.async_wait(tcp::socket::wait_read, [me = shared_from_this()](const error_code&) {
    me->watching_ = false;
    if (!me->waits_for_ || me->stage_ != stage::answering) return;
    char byte;
    if (::recv(me->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) return; // the next request
    std::exchange(me->waits_for_, nullptr)->poll_gone(*me);
    me->end();
  });
}

void http_connection::reply_poll(std::string payload) {
  waits_for_.reset();
  reply({200, "text/plain; charset=UTF-8", std::move(payload), {{"Cache-Control", "no-store"}}});
}

void http_connection::refuse(int status) {
  stage_ = stage::answering;
  refused_ = true;
  terms_.keep_alive = terms_.keep_alive && status == 404;
  reply(plain_answer(status));
}

void http_connection::reply(http_response answer) {
  if (stage_ != stage::answering) return;
  stage_ = stage::writing;
  waits_for_.reset();
  home_.arm(deadline_, write_time);
  if (closing_ || home_.stopping()) terms_.keep_alive = false;
  for (auto& header : cors_headers(home_.options().cors_origins, terms_.origin))
    answer.headers.push_back(std::move(header));
  auto text = std::make_shared<std::string>(to_text(answer, terms_));
  boost::asio::async_write(socket_, boost::asio::buffer(*text),
                           [me = shared_from_this(), text](const error_code& failed, size_t) {
                             if (me->stage_ != stage::writing) return;
                             if (failed) return me->end();
                             me->after_answer();
                           });
}

void http_connection::after_answer() {
  if (refused_ && !terms_.keep_alive) return linger();
  if (!terms_.keep_alive || closing_) return end();
  refused_ = false;
  home_.arm(deadline_, home_.options().idle_timeout);
  read_request();
}

// -- ending -----------------------------------------------------------------------------------------------------------

void http_connection::linger() {
  // Closing while the client still sends would reset the connection, and the answer with it.
  if (stage_ != stage::lingering) {
    stage_ = stage::lingering;
    home_.arm(deadline_, linger_time);
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  buffer_.clear();
  socket_.async_read_some(buffer_.prepare(read_ahead), [me = shared_from_this()](const error_code& failed, size_t) {
    if (me->stage_ != stage::lingering) return;
    if (failed) return me->end();
    me->linger();
  });
}

boost::asio::ip::tcp::socket http_connection::release(std::string& behind) {
  auto rest = buffer_.data();
  behind.assign(static_cast<const char*>(rest.data()), rest.size());
  stage_ = stage::over;
  deadline_.disarm();
  auto socket = std::move(socket_);
  home_.delist(*this);
  return socket;
}

void http_connection::finish_soon() {
  closing_ = true;
  if (stage_ == stage::idle || stage_ == stage::lingering) end();
}

void http_connection::abort() { end(); }

void http_connection::end() {
  if (stage_ == stage::over) return;
  auto keep = shared_from_this();
  stage_ = stage::over;
  deadline_.disarm();
  if (auto session = std::exchange(waits_for_, nullptr)) session->poll_gone(*this);
  error_code ignored;
  socket_.close(ignored);
  home_.delist(*this);
}

std::string http_connection::remote() const {
  error_code failed;
  auto peer = socket_.remote_endpoint(failed);
  return failed ? std::string{} : peer.address().to_string();
}

} // namespace stibium::web
