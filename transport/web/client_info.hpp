#pragma once

#include <string>
#include <string_view>

namespace stibium::web {

/// What is known of a client when its connection opens.
struct client_info {
  std::string remote;     ///< its address
  std::string user_agent; ///< at most 256 bytes of the header
  bool recovery = false;  ///< takes part in connection state recovery
};

/// The part of an address that one client has to itself: all of an IPv4 address, the first 64 bits of an IPv6 one
/// ("2001:db8:0:1::/64"). What is no address stays as it is.
std::string client_network(const std::string& address);

/// Whether a client takes part in connection state recovery: its events may then carry an offset as an additional last
/// argument, which JavaScript clients take away, but handlers of python-socketio do not expect. So those do not take
/// part; they are known by their HTTP libraries ("python-requests/...", "Python/... aiohttp/...") or by the query value
/// `t`, which python-engineio sets to a time with a fraction ("1700000000.25"). `recovery=0` in the query opts out.
bool takes_part_in_recovery(std::string_view query, std::string_view user_agent);

} // namespace stibium::web
