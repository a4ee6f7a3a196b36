#include "transport/store/schema.hpp"

#include "transport/store/database.hpp"

#include <fmt/format.h>
#include <soci/soci.h>

namespace stibium::store {

namespace {

// Version 1. Times are microseconds since 1970.
constexpr const char* version_1[] = {
    "CREATE TABLE labs (id TEXT PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL, collection TEXT NOT NULL,"
    " deployed_once INTEGER NOT NULL)",
    "CREATE TABLE instances (lab TEXT PRIMARY KEY, name TEXT NOT NULL, folder TEXT NOT NULL, topology TEXT NOT NULL,"
    " source TEXT NOT NULL, state INTEGER NOT NULL, since BIGINT NOT NULL)",
    "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, lab TEXT NOT NULL, verb INTEGER NOT NULL,"
    " node TEXT NOT NULL, instance TEXT NOT NULL, begun BIGINT NOT NULL)",
    "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, admin INTEGER NOT NULL, native INTEGER NOT NULL)",
    "CREATE TABLE user_groups (user_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (user_id, position))",
};

} // namespace

void bring_up_to_date(soci::session& sql) {
  // Takes the write lock at once, so that a database that cannot be written is noticed here.
  sql << "BEGIN IMMEDIATE";
  try {
    int found = 0;
    sql << "PRAGMA user_version", soci::into(found);
    if (found > schema_version)
      throw storage_error{fmt::format("it was written by a newer version of the service (schema {}, this one knows {})",
                                      found, schema_version)};
    if (found < 1)
      for (const auto* statement : version_1) sql << statement;
    sql << fmt::format("PRAGMA user_version = {}", schema_version);
    sql << "COMMIT";
  } catch (...) {
    sql << "ROLLBACK";
    throw;
  }
}

} // namespace stibium::store
