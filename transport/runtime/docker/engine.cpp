#include "transport/runtime/docker/engine.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/http_call.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <mutex>
#include <optional>

namespace stibium::docker {

namespace {

using std::chrono::milliseconds;

caf::error as_error(const caf::expected<std::string>& answer) { return answer ? caf::error{} : answer.error(); }

std::string container_path(const std::string& id, std::string_view rest) {
  return "/containers/" + percent_encode(id) + std::string{rest};
}

std::string seconds_of(milliseconds time) {
  return std::to_string((std::max(time, milliseconds{0}).count() + 999) / 1000);
}

} // namespace

struct engine::knowledge {
  std::mutex mutex;
  std::string prefix; // empty: Docker has to be asked
};

engine::engine(endpoint where, milliseconds deadline)
    : where_(std::move(where))
    , deadline_(deadline)
    , known_(std::make_shared<knowledge>()) {}

caf::expected<std::string> engine::exchange(http_request what, std::string prefix, milliseconds time) {
  boost::asio::io_context context;
  std::optional<caf::expected<std::string>> answer;
  const auto call = make_http_call(context, where_, std::move(prefix));
  call->open(std::move(what), [&](const caf::error& failed) {
    if (failed)
      answer.emplace(failed);
    else
      call->read_all(max_response, [&](caf::expected<std::string> body) { answer.emplace(std::move(body)); });
  });
  context.run_for(time);
  call->close();
  context.restart();
  context.poll(); // what is cancelled lets go of the call
  const std::scoped_lock lock{known_->mutex};
  if (!answer)
    answer.emplace(failure(ec::runtime_unavailable,
                           "Docker has not answered within " + std::to_string(time.count() / 1000) + " s"));
  // It may be another engine when it comes back.
  known_->prefix = !*answer && answer->error() == ec::runtime_unavailable ? std::string{} : call->prefix();
  return std::move(*answer);
}

caf::expected<std::string> engine::call(const std::string& method, const std::string& path, std::string body,
                                        milliseconds extra) {
  std::string prefix;
  {
    const std::scoped_lock lock{known_->mutex};
    prefix = known_->prefix;
  }
  return exchange({method, path, std::move(body), false}, std::move(prefix), deadline_ + extra);
}

caf::expected<std::string> engine::api_prefix() {
  {
    const std::scoped_lock lock{known_->mutex};
    if (!known_->prefix.empty()) return known_->prefix;
  }
  auto answer = exchange({"GET", "/version", {}, false}, {}, std::min<milliseconds>(deadline_, probe_deadline));
  if (!answer) return std::move(answer.error());
  const std::scoped_lock lock{known_->mutex};
  return known_->prefix;
}

caf::expected<version_info> engine::version() {
  const auto answer = exchange({"GET", "/version", {}, false}, {}, std::min<milliseconds>(deadline_, probe_deadline));
  if (!answer) return answer.error();
  auto result = read_version(*answer);
  if (!result) return result;
  const std::scoped_lock lock{known_->mutex};
  result->api = known_->prefix.substr(std::min<size_t>(known_->prefix.size(), 2));
  return result;
}

caf::expected<std::vector<container>> engine::list(const std::vector<std::string>& labels) {
  const auto answer = call("GET", "/containers/json?all=true&filters=" + write_filters({}, labels));
  if (!answer) return answer.error();
  return read_containers(*answer);
}

caf::expected<container_details> engine::inspect(const std::string& id) {
  const auto answer = call("GET", container_path(id, "/json"));
  if (!answer) return answer.error();
  return read_container(*answer);
}

caf::error engine::start(const std::string& id) { return as_error(call("POST", container_path(id, "/start"))); }

caf::error engine::stop(const std::string& id, milliseconds grace) {
  return as_error(call("POST", container_path(id, "/stop?t=" + seconds_of(grace)), {}, grace));
}

caf::error engine::restart(const std::string& id, milliseconds grace) {
  return as_error(call("POST", container_path(id, "/restart?t=" + seconds_of(grace)), {}, grace));
}

caf::error engine::remove(const std::string& id, bool force) {
  const auto answer = call("DELETE", container_path(id, force ? "?v=true&force=true" : "?v=true"));
  if (answer || answer.error() != ec::node_not_running) return as_error(answer);
  // A conflict: it runs, or it is being removed already, which is as good.
  const bool under_way = message_of(answer.error()).find("already in progress") != std::string::npos;
  return under_way ? caf::error{} : failure(ec::runtime_failed, message_of(answer.error()));
}

caf::error engine::remove_network(const std::string& name) {
  const auto answer = call("DELETE", "/networks/" + percent_encode(name));
  return !answer && answer.error() == ec::node_not_found ? caf::error{} : as_error(answer);
}

} // namespace stibium::docker
