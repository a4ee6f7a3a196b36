#include "protocol/antimony/token.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string>

using namespace stibium::antimony;

void fuzz(std::string_view input) {
  static const std::string key(min_key_bytes, 'k');
  const token_time now{std::chrono::seconds{1714552200}};
  // Nobody who has not the key can make a token that is accepted.
  require(!verify_access_token(key, input, now).has_value());
  require(!verify_auth_token(key, input, now).has_value());
  require(same_secret(input, key) == (input == key));
}
