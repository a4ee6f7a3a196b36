#include "transport/runtime/docker/endpoint.hpp"

#include "actors/error.hpp"

#include <charconv>
#include <cstdlib>
#include <sys/un.h>

namespace stibium::docker {

namespace {

constexpr uint16_t default_port = 2375;

caf::error refuse(std::string_view docker_host, const std::string& why) {
  return failure(ec::invalid_request, "DOCKER_HOST \"" + std::string{docker_host} + "\": " + why);
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// HOST, HOST:PORT, [V6], [V6]:PORT; false for anything else.
bool read_authority(std::string_view text, endpoint& into) {
  std::string_view port;
  if (take(text, "[")) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    into.host = text.substr(0, end);
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    into.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  into.port = default_port;
  if (into.host.empty()) return false;
  if (port.empty()) return true;
  if (!take(port, ":")) return false;
  const auto [stop, bad] = std::from_chars(port.data(), port.data() + port.size(), into.port);
  return bad == std::errc{} && stop == port.data() + port.size() && into.port != 0;
}

} // namespace

std::string endpoint::text() const {
  if (!path.empty()) return "unix://" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return "tcp://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

caf::expected<endpoint> parse_endpoint(std::string_view docker_host) {
  auto rest = docker_host.empty() ? default_docker_host : docker_host;
  endpoint result;
  if (take(rest, "unix://")) {
    if (!rest.starts_with('/')) return refuse(docker_host, "the socket's path is not absolute");
    if (rest.size() >= sizeof(sockaddr_un::sun_path)) return refuse(docker_host, "the socket's path is too long");
    result.path = rest;
    return result;
  }
  if (!take(rest, "tcp://") && !take(rest, "http://"))
    return refuse(docker_host, "only unix:// and tcp:// are understood");
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (!read_authority(rest, result)) return refuse(docker_host, "this is no host and port");
  return result;
}

caf::expected<endpoint> endpoint_from_environment() {
  const auto* value = std::getenv("DOCKER_HOST");
  return parse_endpoint(value ? value : "");
}

} // namespace stibium::docker
