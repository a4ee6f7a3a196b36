#include "deploy/client/url.hpp"

#include "deploy/client/failure.hpp"
#include "deploy/config_values.hpp"

namespace stibium::client {

service_url parse_url(std::string_view text) {
  const auto wrong = [&](const std::string& what) {
    return failure{"\"" + std::string{text} + "\" " + what + "; give --url http://HOST:PORT", wrong_usage};
  };
  auto rest = text;
  if (rest.starts_with("https://"))
    throw wrong("needs TLS, which this client does not speak: use the service's own port, or a tunnel such as ssh -L");
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) throw wrong("is no address of a service");
  const bool has_port = rest.back() != ']' && rest.rfind(':') != std::string_view::npos;
  const auto where = deploy::parse_endpoint(has_port ? std::string{rest} : std::string{rest} + ":80");
  if (!where || where->port == 0 || rest.front() == ':') throw wrong("is no address of a service");
  return {where->host, where->port, "http://" + deploy::to_string(*where)};
}

} // namespace stibium::client
