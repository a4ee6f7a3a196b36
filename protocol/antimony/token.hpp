#pragma once

#include "protocol/antimony/identity.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Access and auth tokens: JWT, HS256 (contract, "Authentication"). Times are parameters: nothing here reads a clock.

namespace stibium::antimony {

using token_time = std::chrono::system_clock::time_point;

inline constexpr std::chrono::minutes access_token_life{30};
inline constexpr std::chrono::hours auth_token_life{24 * 30};
/// Longer tokens are malformed.
inline constexpr size_t max_token_bytes = 8192;
/// Shortest key that signs anything (RFC 7518: as long as the digest).
inline constexpr size_t min_key_bytes = 32;

/// Why a token is refused.
enum class token_error {
  malformed,       ///< no JWT, too long, or a claim is missing or of the wrong type
  wrong_algorithm, ///< not HS256; "none" above all
  wrong_signature, ///< signed with another key, or changed
  expired,
  not_yet_valid,
  wrong_kind ///< an auth token where an access token belongs, or the other way round
};

/// For people: "the token has expired", ...
std::string to_string(token_error why);

/// What an access token says.
struct access_claims {
  std::string user_id;
  bool is_admin = false;
  bool minted = false;             ///< made by the `stibium token` program: carries name and groups
  std::string name;                ///< minted tokens only
  std::vector<std::string> groups; ///< minted tokens only
  token_time not_before, expires;
};

/// Makes an access token for `ttl` from `now` on. A minted one carries the name and the groups too: its user is made on
/// first use. Empty when the key is shorter than `min_key_bytes`.
std::string make_access_token(std::string_view key, const identity& who, token_time now,
                              std::chrono::seconds ttl = access_token_life, bool minted = false);

/// Makes an auth token, with which access tokens are renewed; claims `id`, `nbf`, `exp`.
std::string make_auth_token(std::string_view key, std::string_view user_id, token_time now);

/// Checks an access token and reads it.
boost::system::result<access_claims, token_error> verify_access_token(std::string_view key, std::string_view text,
                                                                      token_time now);

/// Checks an auth token; answers the user's id.
boost::system::result<std::string, token_error> verify_auth_token(std::string_view key, std::string_view text,
                                                                  token_time now);

/// Whether a password is the right one. Takes as long for a wrong one whatever is wrong with it. Nothing is the right
/// one when `wanted` is empty.
bool same_secret(std::string_view given, std::string_view wanted);

} // namespace stibium::antimony
