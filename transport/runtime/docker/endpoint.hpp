#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace stibium::docker {

/// Where a Docker engine listens.
struct endpoint {
  std::string path; ///< of its Unix socket; empty: TCP
  std::string host; ///< a name or an address, IPv6 without brackets
  uint16_t port = 0;

  /// As in DOCKER_HOST: "unix:///var/run/docker.sock", "tcp://127.0.0.1:2375".
  std::string text() const;
  bool operator==(const endpoint&) const = default;
};

/// Where Docker listens unless told otherwise.
inline constexpr std::string_view default_docker_host = "unix:///var/run/docker.sock";

/// Reads a DOCKER_HOST: `unix://PATH` (absolute), `tcp://HOST[:PORT]` (2375) or `http://...`; empty is the default one.
/// There is no TLS and no ssh: those, and anything else, are `invalid_request`.
caf::expected<endpoint> parse_endpoint(std::string_view docker_host);

/// What the environment variable DOCKER_HOST names. Error: `invalid_request`.
caf::expected<endpoint> endpoint_from_environment();

} // namespace stibium::docker
