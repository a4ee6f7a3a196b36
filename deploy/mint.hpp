#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace stibium::deploy {

/// Who a token is made for.
struct mint_order {
  std::string data; ///< the service's data folder; must be there
  std::string user;
  std::vector<std::string> groups;
  bool admin = false;
  std::chrono::seconds ttl{1800};
};

/// Makes an access token that a service with this data folder accepts; the user is made on first use.
/// Throws `client::failure` when the folder or its key cannot be used.
std::string mint_token(const mint_order& what);

} // namespace stibium::deploy
