#include "transport/runtime/docker/http_call.hpp"

#include "actors/error.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <netinet/tcp.h>
#include <optional>
#include <vector>

namespace stibium::docker {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::generic::stream_protocol;
using boost::system::error_code;

namespace {

// A peer that vanishes is noticed within a minute, also by those who only wait for it.
void keep_alive(int socket) {
  constexpr int on = 1, idle = 30, between = 10, probes = 3; // seconds
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof between);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

class beast_call final : public http_call, public std::enable_shared_from_this<beast_call> {
public:
  beast_call(asio::io_context& context, endpoint where, std::string prefix)
      : where_(std::move(where))
      , prefix_(std::move(prefix))
      , resolver_(context)
      , socket_(context) {}

  void open(http_request what, opened then) override {
    request_ = std::move(what);
    opened_ = std::move(then);
    connect();
  }

  void read(received then) override {
    received_ = std::move(then);
    read_piece();
  }

  void read_all(size_t limit, collected then) override {
    limit_ = limit;
    body_.clear();
    collected_ = std::move(then);
    collect();
  }

  void close() override {
    closed_ = true;
    opened_ = nullptr;
    received_ = nullptr;
    collected_ = nullptr;
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  raw_stream take() override {
    raw_stream result;
    const auto rest = buffer_.data();
    result.first.assign(static_cast<const char*>(rest.data()), rest.size());
    error_code failed;
    socket_.native_non_blocking(true, failed);
    result.fd = socket_.release(failed);
    closed_ = true;
    return result;
  }

  const std::string& prefix() const override { return prefix_; }

private:
  // -- the connection

  void connect() {
    if (!where_.path.empty())
      return connect_to({stream_protocol::endpoint{asio::local::stream_protocol::endpoint{where_.path}}});
    error_code no_address;
    const auto address = asio::ip::make_address(where_.host, no_address);
    if (!no_address) return connect_to({stream_protocol::endpoint{asio::ip::tcp::endpoint{address, where_.port}}});
    resolver_.async_resolve(
        where_.host, std::to_string(where_.port),
        [me = shared_from_this()](error_code failed, const asio::ip::tcp::resolver::results_type& found) {
          if (me->closed_) return;
          if (failed) return me->unreachable(failed);
          std::vector<stream_protocol::endpoint> all;
          for (const auto& each : found) all.emplace_back(each.endpoint());
          me->connect_to(std::move(all));
        });
  }

  void connect_to(std::vector<stream_protocol::endpoint> all) {
    targets_ = std::move(all);
    asio::async_connect(socket_, targets_,
                        [me = shared_from_this()](error_code failed, const stream_protocol::endpoint&) {
                          if (me->closed_) return;
                          if (failed) return me->unreachable(failed);
                          if (me->where_.path.empty()) keep_alive(me->socket_.native_handle());
                          if (me->prefix_.empty()) return me->ask_version();
                          me->send(me->prefix_);
                        });
  }

  void unreachable(const error_code& failed) {
    finish(failure(ec::runtime_unavailable, "Docker cannot be reached at " + where_.text() + ": " + failed.message()));
  }

  // -- request and head

  void ask_version() {
    wanted_ = std::exchange(request_, http_request{"GET", "/version", {}, false});
    asking_version_ = true;
    send({});
  }

  void on_version(caf::expected<std::string> text) {
    if (!text) return finish(text.error());
    auto chosen = choose_prefix(*text);
    if (!chosen) return finish(chosen.error());
    prefix_ = *chosen;
    asking_version_ = false;
    request_ = std::move(wanted_);
    send(prefix_);
  }

  void send(const std::string& prefix) {
    message_.emplace(http::string_to_verb(request_.method), prefix + request_.path, 11);
    message_->set(http::field::host, "docker");
    message_->set(http::field::user_agent, "stibium");
    if (!request_.body.empty()) message_->set(http::field::content_type, "application/json");
    if (request_.hijack) {
      message_->set(http::field::connection, "Upgrade");
      message_->set(http::field::upgrade, "tcp");
    }
    message_->body() = request_.body;
    message_->prepare_payload();
    http::async_write(socket_, *message_, [me = shared_from_this()](error_code failed, size_t) {
      if (me->closed_) return;
      if (failed) return me->broken(failed);
      me->read_head();
    });
  }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(max_head);
    parser_->body_limit(boost::none);
    http::async_read_header(socket_, buffer_, *parser_, [me = shared_from_this()](error_code failed, size_t) {
      if (me->closed_) return;
      if (failed) return me->broken(failed);
      me->on_head();
    });
  }

  void on_head() {
    const auto status = static_cast<int>(parser_->get().result_int());
    if (status >= 400)
      return read_all(max_error_body, [this, status](const caf::expected<std::string>& body) {
        finish(docker_failure(status, body ? std::string_view{*body} : std::string_view{}));
      });
    if (asking_version_)
      return read_all(max_version_body, [this](caf::expected<std::string> text) { on_version(std::move(text)); });
    finish({});
  }

  void broken(const error_code& failed) {
    finish(failure(ec::runtime_unavailable, "Docker has broken the connection: " + failed.message()));
  }

  void finish(const caf::error& how) {
    if (auto then = std::exchange(opened_, nullptr)) then(how);
  }

  // -- body

  void read_piece() {
    if (parser_->is_done()) return deliver({}, {});
    auto& body = parser_->get().body();
    body.data = chunk_.data();
    body.size = chunk_.size();
    body.more = true;
    http::async_read_some(socket_, buffer_, *parser_, [me = shared_from_this()](error_code failed, size_t) {
      if (me->closed_) return;
      const auto got = me->chunk_.size() - me->parser_->get().body().size;
      if (got > 0) return me->deliver({}, {me->chunk_.data(), got});
      if (failed && failed != http::error::need_buffer)
        return me->deliver(failure(ec::runtime_unavailable, "Docker has broken the connection: " + failed.message()),
                           {});
      me->read_piece();
    });
  }

  void deliver(const caf::error& how, std::string_view piece) {
    if (auto then = std::exchange(received_, nullptr)) then(how, piece);
  }

  void collect() {
    received_ = [this](const caf::error& how, std::string_view piece) {
      if (how) return collected(how);
      if (piece.empty()) return collected(std::move(body_));
      if (body_.size() + piece.size() > limit_)
        return collected(
            failure(ec::runtime_failed, "Docker's answer is longer than " + std::to_string(limit_) + " bytes"));
      body_ += piece;
      collect();
    };
    read_piece();
  }

  void collected(caf::expected<std::string> what) {
    if (auto then = std::exchange(collected_, nullptr)) then(std::move(what));
  }

  endpoint where_;
  std::string prefix_;
  asio::ip::tcp::resolver resolver_;
  stream_protocol::socket socket_;
  std::vector<stream_protocol::endpoint> targets_;
  http_request request_, wanted_;
  std::optional<http::request<http::string_body>> message_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  std::array<char, read_chunk> chunk_;
  std::string body_;
  size_t limit_ = 0;
  opened opened_;
  received received_;
  http_call::collected collected_;
  bool asking_version_ = false, closed_ = false;
};

} // namespace

std::shared_ptr<http_call> make_http_call(asio::io_context& context, endpoint where, std::string prefix) {
  return std::make_shared<beast_call>(context, std::move(where), std::move(prefix));
}

} // namespace stibium::docker
