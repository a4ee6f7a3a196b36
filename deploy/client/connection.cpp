#include "deploy/client/connection.hpp"

#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "protocol/engineio/packet.hpp"
#include "protocol/socketio/json.hpp"
#include "protocol/socketio/packet.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>

#include <deque>
#include <map>
#include <optional>

namespace stibium::client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

constexpr std::chrono::seconds connect_patience{30};

// Something to wait for: set once, by a value or by the loss of the connection.
template <class T>
struct promise {
  explicit promise(const asio::any_io_executor& on)
      : bell{on, asio::steady_timer::time_point::max()} {}
  void set(T what) {
    if (!value) value = std::move(what);
    bell.cancel();
  }
  asio::steady_timer bell;
  std::optional<T> value;
};

// What a wait may end with.
struct outcome {
  enum class kind : uint8_t { done, refused, lost, failed } what = kind::done;
  std::string json; // the ack's arguments, the refusal's body, or why the connection is lost
};

using waiter = std::shared_ptr<promise<outcome>>;

// Waits, and turns everything but success into an exception. Returns the JSON.
task<std::string> result_of(waiter what) {
  boost::system::error_code ignored;
  while (!what->value) co_await what->bell.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (what->value->what == outcome::kind::lost) throw unreachable{what->value->json};
  if (what->value->what == outcome::kind::failed) throw failure{what->value->json};
  if (what->value->what == outcome::kind::refused) {
    const auto body = parse_json(what->value->json);
    const auto* data = member(body, "data");
    const auto title = text_of(body, "message");
    const auto detail = data ? text_of(*data, "message") : std::string{};
    throw refused{data ? number_of(*data, "code", 0) : 0, detail.empty() ? title : title + ": " + detail, title};
  }
  co_return what->value->json;
}

} // namespace

struct connection::impl : std::enable_shared_from_this<connection::impl> {
  struct space {
    event_handler handler;
    waiter joined, ended;
  };

  impl(const asio::any_io_executor& executor, const service_url& url)
      : socket{executor}
      , where{url}
      , written{executor} {}

  waiter make_waiter() { return std::make_shared<promise<outcome>>(socket.get_executor()); }
  task<> connect();
  task<> read();
  task<> write();
  void send(std::string frame);
  void received(std::string_view text);
  void dispatch(const socketio::packet& packet);
  void deliver(space& to, std::string_view json);
  void lose(const std::string& why) { end(why, {outcome::kind::lost, lost_text(why)}); }
  void end(const std::string& why, const outcome& how);
  std::string lost_text(const std::string& why) const { return "the connection to " + where.text + " is lost: " + why; }

  websocket::stream<beast::tcp_stream> socket;
  service_url where;
  beast::flat_buffer buffer;
  std::deque<std::string> queue;
  bool writing = false, closing = false;
  asio::steady_timer written;
  std::map<std::string, space, std::less<>> spaces;
  std::map<std::pair<std::string, uint64_t>, waiter> acks;
  uint64_t next_ack = 0;
  std::optional<std::string> gone; // why
};

task<> connection::impl::connect() {
  auto& tcp = beast::get_lowest_layer(socket);
  tcp.expires_after(connect_patience);
  asio::ip::tcp::resolver resolver{socket.get_executor()};
  const auto found = co_await resolver.async_resolve(where.host, std::to_string(where.port), asio::use_awaitable);
  co_await tcp.async_connect(found, asio::use_awaitable);
  tcp.socket().set_option(asio::ip::tcp::no_delay{true});
  co_await socket.async_handshake(where.text.substr(7), "/socket.io/?EIO=4&transport=websocket", asio::use_awaitable);
  tcp.expires_never();
  socket.text(true);
  socket.read_message_max(64 * 1024 * 1024);

  const auto size = co_await socket.async_read(buffer, asio::use_awaitable);
  const std::string_view text{static_cast<const char*>(buffer.data().data()), size};
  const auto packet = engineio::decode_text(text);
  if (!packet || packet->type != engineio::packet_type::open) throw failure{where.text + " is no Socket.IO service"};
  const auto opened = engineio::decode_open(packet->data);
  if (!opened) throw failure{where.text + " speaks another version of Engine.IO"};
  buffer.clear();
  // The service pings; when it does not, it is gone.
  websocket::stream_base::timeout limits{};
  limits.handshake_timeout = std::chrono::seconds{5};
  limits.idle_timeout = std::chrono::milliseconds{opened->ping_interval + opened->ping_timeout};
  limits.keep_alive_pings = false;
  socket.set_option(limits);
}

task<> connection::impl::read() {
  const auto self = shared_from_this();
  std::string why;
  try {
    for (;;) {
      const auto size = co_await socket.async_read(buffer, asio::use_awaitable);
      received({static_cast<const char*>(buffer.data().data()), size});
      buffer.consume(size);
    }
  } catch (const boost::system::system_error& error) {
    why = error.code() == websocket::error::closed ? "the service has closed it" : error.code().message();
  } catch (const std::exception& error) {
    // What came, or what was done with it, would be as bad on a new connection.
    end(error.what(), {outcome::kind::failed, error.what()});
  }
  lose(why);
}

void connection::impl::received(std::string_view text) {
  const auto packet = engineio::decode_text(text);
  if (!packet) throw failure{"the service sent a broken packet"};
  if (packet->type == engineio::packet_type::ping) return send("3");
  if (packet->type == engineio::packet_type::close) return lose("the service is shutting down");
  if (packet->type != engineio::packet_type::message) return;
  const auto message = socketio::decode(packet->data);
  if (!message) throw failure{"the service sent a broken packet"};
  dispatch(*message);
}

void connection::impl::dispatch(const socketio::packet& packet) {
  const std::string nsp{packet.nsp};
  if (packet.type == socketio::packet_type::ack) {
    const auto found = acks.find({nsp, packet.id.value_or(0)});
    if (found == acks.end()) return;
    auto waiting = std::move(found->second);
    acks.erase(found);
    return waiting->set({outcome::kind::done, std::string{packet.json}});
  }
  const auto found = spaces.find(nsp);
  if (found == spaces.end()) return;
  switch (packet.type) {
  case socketio::packet_type::connect:
    found->second.joined->set({outcome::kind::done, std::string{packet.json}});
    break;
  case socketio::packet_type::connect_error:
    found->second.joined->set({outcome::kind::refused, std::string{packet.json}});
    break;
  case socketio::packet_type::disconnect: found->second.ended->set({outcome::kind::done, {}}); break;
  case socketio::packet_type::event: deliver(found->second, packet.json); break;
  default: break;
  }
}

void connection::impl::deliver(space& to, std::string_view json) {
  const auto event = parse_json(json);
  if (!event.IsArray() || event.Empty() || !event[0].IsString() || !to.handler) return;
  static const rapidjson::Value nothing;
  to.handler(event[0].GetString(), event.Size() > 1 ? event[1] : nothing);
}

void connection::impl::send(std::string frame) {
  if (gone) return;
  queue.push_back(std::move(frame));
  if (std::exchange(writing, true)) return;
  asio::co_spawn(
      socket.get_executor(), [self = shared_from_this()] { return self->write(); }, asio::detached);
}

task<> connection::impl::write() {
  try {
    while (!queue.empty() && !gone) {
      co_await socket.async_write(asio::buffer(queue.front()), asio::use_awaitable);
      queue.pop_front();
    }
  } catch (const boost::system::system_error& error) {
    lose(error.code().message());
  }
  writing = false;
  written.cancel();
}

void connection::impl::end(const std::string& why, const outcome& how) {
  if (gone) return;
  gone = why;
  for (auto& [key, waiting] : acks) waiting->set(how);
  for (auto& [nsp, each] : spaces) {
    each.joined->set(how);
    each.ended->set(how);
  }
  acks.clear();
  written.cancel();
  beast::get_lowest_layer(socket).cancel();
}

connection::connection(std::shared_ptr<impl> it)
    : impl_{std::move(it)} {}

connection::~connection() { impl_->lose("closed"); }

task<std::unique_ptr<connection>> connection::open(const service_url& where) {
  auto it = std::make_shared<impl>(co_await asio::this_coro::executor, where);
  try {
    co_await it->connect();
  } catch (const boost::system::system_error& error) {
    throw unreachable{"no Socket.IO connection to " + where.text + ": " + error.code().message()};
  }
  asio::co_spawn(
      it->socket.get_executor(), [it] { return it->read(); }, asio::detached);
  co_return std::unique_ptr<connection>{new connection{it}};
}

task<> connection::join(std::string nsp, const std::string& token, event_handler& handler) {
  if (impl_->gone) throw unreachable{impl_->lost_text(*impl_->gone)};
  auto& space =
      impl_->spaces.insert_or_assign(nsp, impl::space{std::move(handler), impl_->make_waiter(), impl_->make_waiter()})
          .first->second;
  const auto auth = object({{"token", json_text(token)}});
  std::string frame;
  socketio::append_packet(frame, {socketio::packet_type::connect, nsp, std::nullopt, 0, auth});
  impl_->send(std::move(frame));
  co_await result_of(space.joined);
}

task<> connection::ended(std::string nsp) {
  const auto found = impl_->spaces.find(nsp);
  if (found != impl_->spaces.end()) co_await result_of(found->second.ended);
}

task<rapidjson::Document> connection::request(std::string nsp, std::string argument) {
  if (impl_->gone) throw unreachable{impl_->lost_text(*impl_->gone)};
  const auto id = impl_->next_ack++;
  const auto waiting = impl_->acks.emplace(std::pair{nsp, id}, impl_->make_waiter()).first->second;
  const auto json = "[\"data\"," + argument + "]";
  std::string frame;
  socketio::append_packet(frame, {socketio::packet_type::event, nsp, id, 0, json});
  impl_->send(std::move(frame));
  const auto arguments = parse_json(co_await result_of(waiting));
  const bool has_one = arguments.IsArray() && !arguments.Empty();
  if (has_one && member(arguments[0], "code"))
    throw refused{number_of(arguments[0], "code", 0), text_of(arguments[0], "message")};
  rapidjson::Document payload;
  if (const auto* value = has_one ? member(arguments[0], "payload") : nullptr)
    payload.CopyFrom(*value, payload.GetAllocator());
  co_return payload;
}

void connection::emit(const std::string& nsp, const std::string& name, const std::string& argument) {
  std::string frame;
  socketio::append_event(frame, nsp, name, argument);
  impl_->send(std::move(frame));
}

void connection::leave(const std::string& nsp) {
  std::string frame;
  socketio::append_disconnect(frame, nsp);
  impl_->send(std::move(frame));
  impl_->spaces.erase(nsp);
}

task<> connection::close() {
  boost::system::error_code ignored;
  auto& it = *impl_;
  while (it.writing && !it.gone) {
    it.written.expires_at(asio::steady_timer::time_point::max());
    co_await it.written.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!it.gone)
    co_await it.socket.async_close(websocket::close_code::normal, asio::redirect_error(asio::use_awaitable, ignored));
  it.lose("closed");
}

} // namespace stibium::client
