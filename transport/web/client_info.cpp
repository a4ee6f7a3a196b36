#include "transport/web/client_info.hpp"

#include "transport/web/http.hpp"

namespace stibium::web {

bool takes_part_in_recovery(std::string_view query, std::string_view user_agent) {
  http_request request;
  request.query = query;
  if (request.query_value("recovery") == "0") return false;
  if (auto t = request.query_value("t"); t && t->find('.') != std::string::npos) return false;
  return !user_agent.starts_with("python-requests") && !user_agent.starts_with("Python/");
}

} // namespace stibium::web
