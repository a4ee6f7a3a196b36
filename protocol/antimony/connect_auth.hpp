#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stibium::antimony {

/// Longest token and longest `pid` in bytes.
inline constexpr size_t max_token_bytes = 8192, max_pid_bytes = 64;

/// What a client sends along when it asks for a namespace (contract, "Authentication and refusal").
struct connect_auth {
  std::optional<std::string> token;     ///< absent: there is none, it is null or empty, or the payload is no object
  bool malformed = false;               ///< there is a token, but it is no string or too long; `token` is absent
  std::string pid;                      ///< of the socket that the client lost; empty when it does not resume
  std::optional<uint64_t> resume_after; ///< the offset that goes with `pid`
};

/// Reads the payload of a CONNECT packet; empty when there was none. Any bytes may come in. `pid` and `offset` count
/// only together; what is wrong with them is as if they were absent.
connect_auth parse_connect_auth(std::string_view json);

} // namespace stibium::antimony
