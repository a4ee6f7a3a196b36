#pragma once

#include "actors/messages.hpp"
#include "transport/web/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// The bodies of REST answers and requests as JSON text. Pure functions.

namespace stibium::web {

/// `200 {"payload": json}`; `json` must be JSON text.
http_response payload_response(std::string_view json);

/// HTTP status with `{"code": code, "message": message}`.
http_response error_response(int status, int code, std::string_view message);

/// A lab as the REST contract shows it. A lab without a schedule has the start time of 1970.
std::string lab_json(const lab_view& lab);

/// `[lab, ...]`
std::string labs_json(const std::vector<lab_view>& labs);

/// `[{"name": ..., "nodes": [...]}, ...]`, nodes as in a lab.
std::string orphans_json(const std::vector<instance_status>& orphans);

/// The body of a login, or why it is malformed.
struct login_form {
  std::string username, password;
  std::string error; ///< names the field; empty when all is well
};
login_form parse_login(std::string_view body);

/// What `GET /labs` is asked for.
struct lab_query {
  std::optional<size_t> limit; ///< absent: all
  size_t offset = 0;
  std::string search; ///< part of the name, in any case
  std::optional<time_point> start, end;
  std::vector<int> states;              ///< empty: all
  std::vector<std::string> collections; ///< ids or names; empty: all
  std::string error;                    ///< names the parameter; empty when all is well
};
lab_query parse_lab_query(const http_request& request);

/// The labs that a query asks for, ordered by start time and name: all of them in `total`, the page in the result.
/// A lab is within the dates when its time overlaps with them; one without a schedule always is.
std::vector<lab_view> select_labs(std::vector<lab_view> labs, const lab_query& query, size_t& total);

} // namespace stibium::web
