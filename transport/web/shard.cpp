#include "transport/web/shard.hpp"

#include "transport/web/http_connection.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <openssl/rand.h>
#include <stdexcept>

namespace stibium::web {

namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// After an accept that failed, which means that file descriptors or memory ran out.
constexpr auto accept_pause = 100ms;
// Sessions whose last poll may still come: it is on its way when they are closed.
constexpr size_t kept_for_last_poll = 64;

uint64_t next_connection_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

/// Fine enough for the shortest interval, and no finer than a second.
std::chrono::milliseconds slot_for(const engine_options& options) {
  auto shortest = std::min({options.ping_interval, options.ping_timeout, options.connect_timeout});
  return std::clamp<std::chrono::milliseconds>(shortest / 20, 10ms, 1000ms);
}

} // namespace

shard::shard(boost::asio::io_context& context, size_t index, const engine_options& options, counters& counted,
             const std::vector<std::unique_ptr<shard>>& peers, tcp::acceptor acceptor)
    : context_(context)
    , index_(index)
    , options_(options)
    , counted_(counted)
    , peers_(peers)
    , times_{static_cast<uint32_t>(options.ping_interval.count()), static_cast<uint32_t>(options.ping_timeout.count())}
    , acceptor_(std::move(acceptor))
    , clock_(context, slot_for(options))
    , poller_(context, [this] { intake_.run(); })
    , accept_again_(this, [](void* me) { static_cast<shard*>(me)->accept(); })
    , last_polls_(kept_for_last_poll)
    , intake_(context, batch_)
    , flusher_(context, batch_) {}

shard::~shard() = default;

engineio::millis shard::now() const {
  auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<engineio::millis>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

// -- life -------------------------------------------------------------------------------------------------------------

void shard::begin(session_sink& sink) {
  sink_ = &sink;
  accept();
}

void shard::accept() {
  if (stopping_) return;
  acceptor_.async_accept([this](const boost::system::error_code& failed, tcp::socket socket) {
    if (stopping_ || failed == boost::asio::error::operation_aborted) return;
    if (failed == boost::asio::error::connection_aborted) return accept();
    if (failed) return arm(accept_again_, accept_pause);
    welcome(std::move(socket));
    accept();
  });
}

void shard::welcome(tcp::socket socket) {
  if (websockets_.size() + http_.size() >= options_.max_connections) {
    counters::add(counted_.sockets_refused);
    return;
  }
  counters::add(counted_.sockets_accepted);
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  auto connection = std::make_shared<http_connection>(*this, std::move(socket));
  enlist(connection);
  connection->start();
}

void shard::begin_shutdown(std::function<void()> quiet) {
  if (stopping_) return;
  stopping_ = true;
  quiet_ = std::move(quiet);
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  std::vector<session_ptr> sessions;
  for (auto& [sid, session] : sessions_) sessions.push_back(session);
  for (auto& session : sessions) session->close(close_cause::server_shutdown);
  std::vector<std::shared_ptr<http_connection>> connections;
  for (auto& [key, connection] : http_) connections.push_back(connection);
  for (auto& connection : connections) connection->finish_soon();
  boost::asio::post(context_, [this] { check_quiet(); });
}

void shard::cut_off() {
  flusher_.stop();
  std::vector<websocket_ptr> sockets;
  for (auto& socket : websockets_) sockets.emplace_back(&socket);
  for (auto& socket : sockets) socket->abort();
  std::vector<std::shared_ptr<http_connection>> connections;
  for (auto& [key, connection] : http_) connections.push_back(connection);
  for (auto& connection : connections) connection->abort();
  clock_.stop();
  check_quiet();
}

void shard::detach() {
  std::vector<session_ptr> sessions;
  for (auto& [sid, session] : sessions_) sessions.push_back(session);
  for (auto& session : sessions) session->close(close_cause::server_shutdown);
  sink_ = nullptr;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  stopping_ = true;
}

void shard::check_quiet() {
  if (!stopping_ || !websockets_.empty() || http_alive_ > 0) return;
  if (auto quiet = std::exchange(quiet_, nullptr)) quiet();
}

void shard::enlist(websocket& what) {
  websockets_.push_back(what);
  counters::add(counted_.sockets_open);
}

void shard::delist(websocket& what) {
  counters::drop(counted_.sockets_open);
  websockets_.erase(websockets_.iterator_to(what));
  if (stopping_) check_quiet();
}

void shard::enlist(std::shared_ptr<http_connection> what) {
  auto* key = what.get();
  http_.emplace(key, std::move(what));
}

void shard::delist(const http_connection& what) { http_.erase(&what); }

void shard::http_begins() {
  ++http_alive_;
  counters::add(counted_.sockets_open);
}

void shard::http_ended() {
  counters::drop(counted_.sockets_open);
  --http_alive_;
  if (stopping_) check_quiet();
}

// -- sessions ---------------------------------------------------------------------------------------------------------

session_ptr shard::make_session(engineio::transport on) {
  engine_session::sid_text sid;
  std::array<unsigned char, engine_session::sid_size> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) throw std::runtime_error("no random numbers");
  for (size_t i = 0; i < sid.size(); ++i) sid[i] = alphabet[random[i] % alphabet.size()];
  sid[0] = alphabet[index_];
  session_ptr session{new engine_session(*this, next_connection_id(), sid, on)};
  sessions_.emplace(session->sid(), session);
  counters::add(counted_.sessions_opened);
  counters::add(counted_.sessions_open);
  return session;
}

session_ptr shard::find(std::string_view sid) const {
  auto found = sessions_.find(sid);
  return found == sessions_.end() ? nullptr : found->second;
}

shard* shard::home_of(std::string_view sid) const {
  if (sid.size() != engine_session::sid_size) return nullptr;
  auto index = alphabet.find(sid[0]);
  return index < peers_.size() ? peers_[index].get() : nullptr;
}

void shard::hand_over(handed_over what) {
  boost::asio::post(context_, [this, what = std::move(what)]() mutable {
    if (!stopping_) http_connection::resume(*this, std::move(what));
  });
}

void shard::forget(engine_session& what, close_cause why) {
  sessions_.erase(what.sid());
  counters::drop(counted_.sessions_open);
  counters::add(counted_.closes[static_cast<size_t>(why)]);
}

void shard::expect_last_poll(std::string_view sid) { last_polls_.push_back(std::string{sid}); }

bool shard::is_last_poll(std::string_view sid) {
  auto found = std::find(last_polls_.begin(), last_polls_.end(), sid);
  if (found == last_polls_.end()) return false;
  last_polls_.erase(found);
  return true;
}

} // namespace stibium::web
