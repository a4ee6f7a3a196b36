#include "deploy/mint.hpp"

#include "deploy/client/failure.hpp"
#include "protocol/antimony/token.hpp"
#include "protocol/antimony/uuid.hpp"
#include "transport/store/signing_key.hpp"

#include <filesystem>

namespace stibium::deploy {

std::string mint_token(const mint_order& what) {
  if (what.user.empty()) throw client::failure{"--user needs a name", client::wrong_usage};
  std::error_code error;
  if (!std::filesystem::is_directory(what.data, error))
    throw client::failure{"there is no folder " + what.data + "; name the data folder of the service with --data"};
  const antimony::identity who{antimony::user_uuid(what.user), what.user, what.admin, what.groups};
  try {
    const auto key = store::read_or_make_signing_key(what.data);
    auto token = antimony::make_access_token(key, who, std::chrono::system_clock::now(), what.ttl, true);
    if (token.size() > antimony::max_token_bytes)
      throw client::failure{"the token would be too long; give fewer groups"};
    return token;
  } catch (const store::storage_error& failed) {
    throw client::failure{failed.what()};
  }
}

} // namespace stibium::deploy
