#include "transport/web/engine_endpoint.hpp"

#include "transport/web/http_connection.hpp"
#include "transport/web/shard.hpp"
#include "transport/web/upgrade.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>

namespace stibium::web {

namespace {

using engineio::transport;

enum error : int { transport_unknown, sid_unknown, bad_method, bad_request, forbidden, bad_version };
constexpr std::array<const char*, 6> error_texts{
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};
constexpr size_t max_user_agent = 256;
constexpr const char* retry_after = "5"; // seconds
constexpr std::chrono::milliseconds refusal_delay{10};
constexpr uint16_t policy_violation = 1008; // RFC 6455, 7.4.1

client_info client_of(const http_connection& on, const http_request& request) {
  client_info client;
  client.remote = on.remote();
  client.user_agent = request.header("User-Agent").value_or("").substr(0, max_user_agent);
  client.recovery = takes_part_in_recovery(request.query, client.user_agent);
  return client;
}

http_response poll_answer(std::string payload) {
  return {200, "text/plain; charset=UTF-8", std::move(payload), {{"Cache-Control", "no-store"}}};
}

/// The answer to an upgrade request as the first bytes of what its WebSocket sends; null when it was refused.
wire_ptr accept_upgrade(const std::shared_ptr<http_connection>& on, const http_request& request) {
  auto answer = answer_upgrade(request);
  if (answer.refused) {
    on->reply(std::move(*answer.refused));
    return nullptr;
  }
  wire_ptr bytes{new wire_batch};
  bytes->frames = std::move(answer.accepted);
  return bytes;
}

void open_session(shard& home, const std::shared_ptr<http_connection>& on, const http_request& request,
                  bool websocket) {
  if (request.method != "GET") return on->reply(engine_error(bad_method));
  if (websocket != wants_websocket(request)) return on->reply(engine_error(bad_request));
  if (request.query_value("EIO") != "4") return on->reply(engine_error(bad_version));
  if (home.stopping()) return on->reply({503, "text/plain", "shutting down\n", {}});
  if (!home.has_room()) return on->reply({503, "text/plain", "too many sessions\n", {{"Retry-After", retry_after}}});
  auto client = client_of(*on, request);
  if (!websocket)
    return on->reply(poll_answer(home.make_session(transport::polling)->begin_polling(std::move(client))));
  auto answer = accept_upgrade(on, request);
  if (!answer) return;
  std::string behind;
  auto socket = on->release(behind);
  home.make_session(transport::websocket)->begin(std::move(socket), behind, std::move(answer), std::move(client));
}

void upgrade_session(shard& home, engine_session& session, const std::shared_ptr<http_connection>& on,
                     const http_request& request) {
  auto answer = accept_upgrade(on, request);
  if (!answer) return;
  std::string behind;
  auto socket = on->release(behind);
  if (session.may_upgrade()) return session.upgrade(std::move(socket), behind, std::move(answer));
  // As the reference server does: the WebSocket opens and is closed at once; the session goes on.
  websocket_ptr unwanted{new websocket(home, std::move(socket), behind, nullptr)};
  unwanted->queue().push(std::move(answer), cargo::direct);
  unwanted->start();
  unwanted->close(policy_violation, "the session has a WebSocket");
}

} // namespace

http_response engine_error(int code) {
  return {code == forbidden ? 403 : 400,
          "application/json",
          R"({"code":)" + std::to_string(code) + R"(,"message":")" + error_texts[static_cast<size_t>(code)] + "\"}",
          {}};
}

std::string engine_sid(const http_request& request) { return request.query_value("sid").value_or(""); }

namespace {

/// Refuses a poll that its session does not take, a moment later: a client that still polls when it has upgraded has
/// then seen what its WebSocket was sent before, even when it looks at a message only in a later task.
void refuse_poll(shard& home, const std::shared_ptr<http_connection>& on) {
  auto timer = std::make_shared<boost::asio::steady_timer>(home.context(), refusal_delay);
  timer->async_wait([timer, on](const boost::system::error_code& failed) {
    if (!failed) on->reply(engine_error(bad_request));
  });
}

} // namespace

void serve_engine(shard& home, const std::shared_ptr<http_connection>& on, const http_request& request) {
  auto transport = request.query_value("transport").value_or("");
  if (transport != "polling" && transport != "websocket") return on->reply(engine_error(transport_unknown));
  auto websocket = transport == "websocket";
  auto sid = engine_sid(request);
  if (sid.empty()) return open_session(home, on, request, websocket);
  auto session = home.find(sid);
  if (!session) {
    const bool last_poll = !websocket && request.method == "GET" && home.is_last_poll(sid);
    return on->reply(last_poll ? poll_answer("6") : engine_error(sid_unknown));
  }
  if (websocket != wants_websocket(request)) return on->reply(engine_error(bad_request));
  if (websocket) return upgrade_session(home, *session, on, request);
  if (request.method == "GET") {
    if (!session->poll(on)) refuse_poll(home, on);
  } else if (request.method == "POST") {
    if (!session->post(request.body))
      on->reply(engine_error(bad_request));
    else
      on->reply(poll_answer("ok"));
  } else {
    auto answer = engine_error(bad_request);
    answer.status = 405;
    answer.headers.emplace_back("Allow", "GET, POST");
    on->reply(std::move(answer));
  }
}

} // namespace stibium::web
