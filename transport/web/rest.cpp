#include "transport/web/rest.hpp"

#include "protocol/antimony/token.hpp"
#include "protocol/socketio/json.hpp"
#include "transport/web/client_info.hpp"
#include "transport/web/rest_call.hpp"
#include "transport/web/rest_json.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>

namespace stibium::web {

namespace {

using rest_actor = caf::typed_actor<caf::reacts_to<rest_call>>;

constexpr int no_cookie = 401, no_permission = 403, malformed = 422, too_many = 429, bad_token = 498, internal = 500;
constexpr int unknown_id = -1, wrong_login = 1001;

// What a path leads to. `argument` is what stands in the place of an id.
enum class route {
  login_config,
  login,
  refresh,
  logout,
  openid,
  labs,
  lab,
  orphans,
  orphan,
  alive,
  ready,
  version,
  none
};

struct found_route {
  route to = route::none;
  std::string_view method; ///< the one that it takes
  std::string argument;
};

found_route find_route(std::string_view path) {
  struct entry {
    std::string_view path, method;
    route to;
  };
  static constexpr std::array<entry, 10> fixed{{{"/users/login/config", "GET", route::login_config},
                                                {"/users/login/native", "POST", route::login},
                                                {"/users/login/refresh", "GET", route::refresh},
                                                {"/users/login/openid", "GET", route::openid},
                                                {"/users/logout", "POST", route::logout},
                                                {"/labs", "GET", route::labs},
                                                {"/orphans", "GET", route::orphans},
                                                {"/healthz", "GET", route::alive},
                                                {"/readyz", "GET", route::ready},
                                                {"/version", "GET", route::version}}};
  if (path.starts_with("/api/")) path.remove_prefix(4);
  for (const auto& each : fixed)
    if (each.path == path) return {each.to, each.method, {}};
  for (const auto& [begin, method, to] :
       {entry{"/labs/", "GET", route::lab}, entry{"/orphans/", "DELETE", route::orphan}})
    if (path.starts_with(begin) && path.size() > begin.size() && path.find('/', begin.size()) == std::string_view::npos)
      return {to, method, std::string{path.substr(begin.size())}};
  return {};
}

std::string cookie(const std::string& name, const std::string& value, std::string_view attributes, bool secure) {
  return fmt::format("{}={}; Path=/; SameSite=Lax{}{}", name, value, attributes, secure ? "; Secure" : "");
}

// The access token's cookie outlives the token, so that clients learn "expired" (498) and renew it.
std::string lasting() { return fmt::format("; Max-Age={}", std::chrono::seconds{antimony::auth_token_life}.count()); }

void set_cookie(http_response& to, std::string text) { to.headers.emplace_back("Set-Cookie", std::move(text)); }

std::string access_token(const http_request& request) {
  if (const auto value = request.cookie("accessToken")) return std::string{*value};
  constexpr std::string_view bearer = "bearer ";
  const auto header = request.header("Authorization");
  if (header && header->size() > bearer.size() && same_header_name(header->substr(0, bearer.size()), bearer))
    return std::string{header->substr(bearer.size())};
  return {};
}

http_response to_response(const caf::error& err) {
  if (err == ec::unauthorized) return error_response(no_cookie, no_cookie, message_of(err));
  if (err == ec::invalid_token) return error_response(bad_token, bad_token, message_of(err));
  if (err == ec::no_access) return error_response(no_permission, no_permission, message_of(err));
  if (err == ec::lab_not_found || err == ec::lab_not_running) return error_response(404, unknown_id, message_of(err));
  if (err == ec::wrong_credentials) return error_response(400, wrong_login, message_of(err));
  if (err == ec::too_many_attempts) {
    auto out = error_response(too_many, too_many, message_of(err));
    out.headers.emplace_back("Retry-After", std::to_string(wait_of(err).count()));
    return out;
  }
  return error_response(internal, internal, message_of(err));
}

struct rest_state {
  static constexpr const char* name = "rest";
  explicit rest_state(rest_actor::pointer self)
      : self{self} {}

  void handle(const rest_call& call) {
    const auto found = find_route(call.request->target);
    const auto& method = call.request->method;
    if (found.to == route::none) return call.answer(error_response(404, 404, "there is nothing at this path"));
    if (method != found.method && !(method == "HEAD" && found.method == "GET")) {
      auto refused = error_response(405, 405, fmt::format("this path takes {} only", found.method));
      refused.headers.emplace_back("Allow", found.method == "GET" ? "GET, HEAD" : std::string{found.method});
      return call.answer(std::move(refused));
    }
    if (call.request->body.size() > max_rest_body)
      return call.answer(error_response(malformed, malformed, "the body is too large"));
    dispatch(call, found);
  }

  void dispatch(const rest_call& call, const found_route& found) {
    switch (found.to) {
    case route::login_config:
      return call.answer(payload_response(fmt::format(
          R"({{"openId":{{"enabled":false}},"native":{{"enabled":{},"allowEmpty":false}}}})", options.native_login)));
    case route::login: return login(call);
    case route::refresh: return refresh(call);
    case route::openid: return call.answer(error_response(401, 401, "OpenID login is off"));
    case route::logout: return logout(call);
    case route::labs: return labs(call);
    case route::lab: return lab(call, found.argument);
    case route::orphans: return orphans(call);
    case route::orphan: return remove_orphan(call, found.argument);
    case route::alive: return call.answer(payload_response(R"("ok")"));
    case route::ready: return ready(call);
    case route::version:
      return call.answer(payload_response(
          fmt::format(R"({{"name":"stibium","version":{}}})", socketio::json_string(options.version))));
    case route::none: break;
    }
  }

  void login(const rest_call& call) {
    const auto form = parse_login(call.request->body);
    if (!form.error.empty()) return call.answer(error_response(malformed, malformed, form.error));
    login_attempt attempt{form.username, form.password, client_network(call.request->remote)};
    self->request(world.accounts, options.answer_deadline, atom::login_v, std::move(attempt))
        .then(
            [call](const login_tokens& tokens) {
              http_response out;
              const bool secure = call.request->secure;
              set_cookie(out, cookie("authToken", tokens.auth, "; HttpOnly" + lasting(), secure));
              set_cookie(out, cookie("accessToken", tokens.access, lasting(), secure));
              call.answer(std::move(out));
            },
            [call](caf::error& err) {
              // Their number is limited; those that have to wait are not told one by one.
              if (err == ec::wrong_credentials) spdlog::warn("a login from {} has failed", call.request->remote);
              call.answer(to_response(err));
            });
  }

  void refresh(const rest_call& call) {
    const auto token = call.request->cookie("authToken");
    if (!token || token->empty())
      return call.answer(error_response(no_cookie, no_cookie, "there is no authToken cookie"));
    self->request(world.accounts, options.answer_deadline, atom::refresh_v, std::string{*token})
        .then(
            [call](const std::string& access) {
              auto out = payload_response(socketio::json_string(access));
              set_cookie(out, cookie("accessToken", access, lasting(), call.request->secure));
              call.answer(std::move(out));
            },
            [call](caf::error& err) {
              const bool refused = err == ec::invalid_token;
              call.answer(refused ? error_response(no_permission, no_permission, message_of(err)) : to_response(err));
            });
  }

  void logout(const rest_call& call) {
    http_response out;
    const bool secure = call.request->secure;
    set_cookie(out, cookie("authToken", "", "; HttpOnly; Max-Age=0", secure));
    set_cookie(out, cookie("accessToken", "", "; Max-Age=0", secure));
    set_cookie(out, cookie("authOidc", "", "; Max-Age=0", secure));
    call.answer(std::move(out));
  }

  // Goes on with whoever the token stands for.
  template <class Next>
  void as_user(const rest_call& call, Next next) {
    self->request(world.accounts, options.answer_deadline, atom::verify_v, access_token(*call.request))
        .then([next](const identity& who) { next(who); }, [call](caf::error& err) { call.answer(to_response(err)); });
  }

  void labs(const rest_call& call) {
    as_user(call, [this, call](const identity& who) {
      auto query = parse_lab_query(*call.request);
      if (!query.error.empty()) return call.answer(error_response(malformed, malformed, query.error));
      self->request(world.directory, options.answer_deadline, atom::describe_v, who)
          .then(
              [call, query](std::vector<lab_view>& all) {
                size_t total = 0;
                const auto page = select_labs(std::move(all), query, total);
                auto out = payload_response(labs_json(page));
                out.headers.emplace_back("X-Total-Count", std::to_string(total));
                call.answer(std::move(out));
              },
              [call](caf::error& err) { call.answer(to_response(err)); });
    });
  }

  void lab(const rest_call& call, const std::string& id) {
    as_user(call, [this, call, id](const identity& who) {
      self->request(world.directory, options.answer_deadline, atom::describe_v, lab_id{id}, who)
          .then([call](const lab_view& view) { call.answer(payload_response(lab_json(view))); },
                [call](caf::error& err) { call.answer(to_response(err)); });
    });
  }

  void orphans(const rest_call& call) {
    as_user(call, [this, call](const identity& who) {
      self->request(world.orphans, options.answer_deadline, atom::list_v, who)
          .then(
              [call](const std::vector<instance_status>& found) { call.answer(payload_response(orphans_json(found))); },
              [call](caf::error& err) { call.answer(to_response(err)); });
    });
  }

  // Without a deadline of its own: the supervisor has one for each command.
  void remove_orphan(const rest_call& call, const std::string& name) {
    as_user(call, [this, call, name](const identity& who) {
      self->request(world.orphans, caf::infinite, atom::destroy_v, who, name)
          .then([call] { call.answer({}); }, [call](caf::error& err) { call.answer(to_response(err)); });
    });
  }

  void ready(const rest_call& call) {
    self->request(world.supervisor, options.answer_deadline, atom::health_v)
        .then(
            [call](const runtime_health& health) {
              if (!health.ready) return call.answer(error_response(503, 503, "runtime: " + health.detail));
              call.answer(payload_response(
                  fmt::format(R"({{"ready":true,"runtime":{}}})", socketio::json_string(health.detail))));
            },
            [call](caf::error& err) { call.answer(error_response(503, 503, "supervisor: " + message_of(err))); });
  }

  rest_actor::pointer self;
  house world;
  rest_options options;
};

rest_actor::behavior_type rest(rest_actor::stateful_pointer<rest_state> self, house world, rest_options options) {
  self->state.world = std::move(world);
  self->state.options = std::move(options);
  return {[self](const rest_call& call) { self->state.handle(call); }};
}

// Ends the actor with the handler: a question under way would keep it alive until its deadline.
struct rest_holder {
  explicit rest_holder(rest_actor actor)
      : actor{std::move(actor)} {}
  ~rest_holder() { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); }
  rest_holder(const rest_holder&) = delete;
  rest_holder& operator=(const rest_holder&) = delete;
  rest_actor actor;
};

} // namespace

http_handler make_rest_handler(const house& world, rest_options options) {
  auto actor = spawn(world.births, placement::pool(), {"rest", "", "", 0}, rest, world, std::move(options));
  return [held = std::make_shared<rest_holder>(actor)](http_request request, http_reply reply) {
    caf::anon_send(held->actor, rest_call{std::make_shared<const http_request>(std::move(request)),
                                          std::make_shared<reply_once>(std::move(reply))});
  };
}

} // namespace stibium::web
