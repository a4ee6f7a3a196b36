#pragma once

#include "deploy/client/http.hpp"

#include <rapidjson/document.h>

#include <string>
#include <vector>

namespace stibium::client {

/// A lab as `GET /labs` tells of it.
struct lab {
  std::string id, name, creator, state;
  struct node {
    std::string name, kind, state, container_id;
  };
  std::vector<node> nodes;
};

/// Reads one lab out of the service's JSON.
lab lab_from(const rapidjson::Value& json);

/// The labs that the user sees, as the service sends them: the JSON array.
task<rapidjson::Document> fetch_labs(const service_url& where, const std::string& token);

/// The lab that `wanted` means: an id, a name, or the beginning of one that is unique. Throws `failure` that lists what
/// there is.
const lab& find_lab(const std::vector<lab>& all, const std::string& wanted);

/// All labs of an array.
std::vector<lab> labs_from(const rapidjson::Value& array);

/// Rows as columns that line up; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows);

} // namespace stibium::client
