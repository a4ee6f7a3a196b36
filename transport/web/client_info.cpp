#include "transport/web/client_info.hpp"

#include "transport/web/http.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace stibium::web {

std::string client_network(const std::string& address) {
  namespace ip = boost::asio::ip;
  boost::system::error_code failed;
  auto parsed = ip::make_address(address, failed);
  if (failed || parsed.is_v4()) return address;
  if (parsed.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, parsed.to_v6()).to_string();
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return ip::make_address_v6(bytes).to_string() + "/64";
}

bool takes_part_in_recovery(std::string_view query, std::string_view user_agent) {
  http_request request;
  request.query = query;
  if (request.query_value("recovery") == "0") return false;
  if (auto t = request.query_value("t"); t && t->find('.') != std::string::npos) return false;
  return !user_agent.starts_with("python-requests") && !user_agent.starts_with("Python/");
}

} // namespace stibium::web
