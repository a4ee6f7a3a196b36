#pragma once

#include "deploy/client/http.hpp"

#include <string>

namespace stibium::client {

/// How the user may prove who they are; the first that is there counts.
struct credentials {
  std::string token;              ///< an access token
  std::string username, password; ///< for the native login
};

/// An access token for the service: the one given, one for the user and password given, or one for the login that
/// `stibium login` has kept. Throws `failure` when there is none of them.
task<std::string> access_token(const service_url& where, const credentials& who);

/// Logs in with user and password and keeps the login, not the password, in `login_file()` for 30 days.
task<> keep_login(const service_url& where, const std::string& username, const std::string& password);

/// Forgets the kept login of a service. \return whether there was one.
bool forget_login(const service_url& where);

/// Where logins are kept (mode 0600): $XDG_CONFIG_HOME/stibium/logins.json, or the same below ~/.config.
std::string login_file();

} // namespace stibium::client
