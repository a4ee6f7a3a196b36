#include "transport/store/database.hpp"

#include "transport/store/schema.hpp"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

namespace stibium::store {

namespace {

int64_t to_number(time_point when) {
  return std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
}

time_point to_time(int64_t number) { return time_point{std::chrono::microseconds{number}}; }

void make_folder(const std::string& folder) {
  std::error_code err;
  std::filesystem::create_directories(folder, err);
  if (err) throw storage_error{fmt::format("the data folder {} cannot be made: {}", folder, err.message())};
}

// A value of an SQLite connection string: quotes within it cannot be written.
std::string quoted(const std::string& path) {
  if (path.find('"') != std::string::npos)
    throw storage_error{fmt::format("the path {} contains a quotation mark: choose another data folder", path)};
  return '"' + path + '"';
}

} // namespace

struct database::connection {
  explicit connection(const std::string& folder) {
    make_folder(folder);
    const auto path = folder + "/stibium.db";
    try {
      sql.open(soci::sqlite3, fmt::format("db={} timeout=5", quoted(path)));
      std::string answer;
      sql << "PRAGMA journal_mode = WAL", soci::into(answer);
      sql << "PRAGMA synchronous = NORMAL";
      sql << "PRAGMA quick_check(1)", soci::into(answer);
      if (answer != "ok") throw storage_error{answer};
      bring_up_to_date(sql);
    } catch (const std::exception& err) {
      throw storage_error{
          fmt::format("{} cannot be used: {}. Move it away to begin with an empty one", path, err.what())};
    }
  }

  // Runs `work` as one transaction. Whatever SQL or SOCI throws is a storage error.
  template <class Work>
  void change(Work work) {
    try {
      soci::transaction transaction{sql};
      work();
      transaction.commit();
    } catch (const std::exception& err) {
      throw storage_error{err.what()};
    }
  }

  soci::session sql;
};

database::database(const std::string& folder)
    : connection_{std::make_unique<connection>(folder)} {}

database::~database() = default;

stored_state database::load() {
  auto& sql = connection_->sql;
  stored_state out;
  connection_->change([&] {
    soci::rowset<soci::row> labs =
        (sql.prepare << "SELECT id, path, name, collection, deployed_once FROM labs ORDER BY id");
    for (const auto& row : labs)
      out.labs.push_back({{row.get<std::string>(0)},
                          row.get<std::string>(1),
                          row.get<std::string>(2),
                          row.get<std::string>(3),
                          row.get<int>(4) != 0});
    soci::rowset<soci::row> instances =
        (sql.prepare << "SELECT lab, name, folder, topology, source, state, since FROM instances ORDER BY lab");
    for (const auto& row : instances)
      out.instances.push_back({{{row.get<std::string>(0)},
                                row.get<std::string>(1),
                                row.get<std::string>(2),
                                row.get<std::string>(3),
                                row.get<std::string>(4)},
                               static_cast<lab_state_code>(row.get<int>(5)),
                               to_time(row.get<long long>(6))});
    soci::rowset<soci::row> journal =
        (sql.prepare << "SELECT id, lab, verb, node, instance, begun FROM journal ORDER BY id");
    for (const auto& row : journal)
      out.journal.push_back({static_cast<uint64_t>(row.get<int>(0)),
                             {row.get<std::string>(1)},
                             static_cast<lab_verb>(row.get<int>(2)),
                             row.get<std::string>(3),
                             row.get<std::string>(4),
                             to_time(row.get<long long>(5))});
    std::map<std::string, std::vector<std::string>> groups;
    soci::rowset<soci::row> members =
        (sql.prepare << "SELECT user_id, name FROM user_groups ORDER BY user_id, position");
    for (const auto& row : members) groups[row.get<std::string>(0)].push_back(row.get<std::string>(1));
    soci::rowset<soci::row> users = (sql.prepare << "SELECT id, name, admin, native FROM users ORDER BY id");
    for (const auto& row : users) {
      const auto id = row.get<std::string>(0);
      out.users.push_back({{id, row.get<std::string>(1), row.get<int>(2) != 0, groups[id]}, row.get<int>(3) != 0});
    }
  });
  return out;
}

void database::save(const stored_lab& lab) {
  const int deployed = lab.deployed_once ? 1 : 0;
  connection_->change([&] {
    connection_->sql
        << "INSERT INTO labs (id, path, name, collection, deployed_once) VALUES (:id, :path, :name, :coll, :d)"
           " ON CONFLICT (id) DO UPDATE SET path = excluded.path, name = excluded.name,"
           " collection = excluded.collection, deployed_once = excluded.deployed_once",
        soci::use(lab.id.value, "id"), soci::use(lab.path, "path"), soci::use(lab.name, "name"),
        soci::use(lab.collection, "coll"), soci::use(deployed, "d");
  });
}

void database::save(const stored_instance& instance) {
  const int state = static_cast<int>(instance.state);
  const long long since = to_number(instance.since);
  const auto& where = instance.where;
  connection_->change([&] {
    connection_->sql << "INSERT INTO instances (lab, name, folder, topology, source, state, since)"
                        " VALUES (:lab, :name, :folder, :topology, :source, :state, :since)"
                        " ON CONFLICT (lab) DO UPDATE SET name = excluded.name, folder = excluded.folder,"
                        " topology = excluded.topology, source = excluded.source, state = excluded.state,"
                        " since = excluded.since",
        soci::use(where.lab.value, "lab"), soci::use(where.name, "name"), soci::use(where.folder, "folder"),
        soci::use(where.topology, "topology"), soci::use(where.source, "source"), soci::use(state, "state"),
        soci::use(since, "since");
  });
}

void database::save(const stored_user& user) {
  const int admin = user.who.is_admin ? 1 : 0, native = user.native ? 1 : 0;
  auto& sql = connection_->sql;
  connection_->change([&] {
    sql << "INSERT INTO users (id, name, admin, native) VALUES (:id, :name, :admin, :native)"
           " ON CONFLICT (id) DO UPDATE SET name = excluded.name, admin = excluded.admin, native = excluded.native",
        soci::use(user.who.user_id, "id"), soci::use(user.who.name, "name"), soci::use(admin, "admin"),
        soci::use(native, "native");
    sql << "DELETE FROM user_groups WHERE user_id = :id", soci::use(user.who.user_id, "id");
    int position = 0;
    for (const auto& group : user.who.groups) {
      sql << "INSERT INTO user_groups (user_id, position, name) VALUES (:id, :position, :name)",
          soci::use(user.who.user_id, "id"), soci::use(position, "position"), soci::use(group, "name");
      ++position;
    }
  });
}

uint64_t database::save(const journal_entry& entry) {
  long long id = static_cast<long long>(entry.id);
  soci::indicator given = id == 0 ? soci::i_null : soci::i_ok;
  const int verb = static_cast<int>(entry.verb);
  const long long begun = to_number(entry.begun);
  auto& sql = connection_->sql;
  connection_->change([&] {
    sql << "INSERT INTO journal (id, lab, verb, node, instance, begun) VALUES (:id, :lab, :verb, :node, :instance, "
           ":begun)"
           " ON CONFLICT (id) DO UPDATE SET lab = excluded.lab, verb = excluded.verb, node = excluded.node,"
           " instance = excluded.instance, begun = excluded.begun",
        soci::use(id, given, "id"), soci::use(entry.lab.value, "lab"), soci::use(verb, "verb"),
        soci::use(entry.node, "node"), soci::use(entry.instance, "instance"), soci::use(begun, "begun");
    if (id == 0) sql << "SELECT last_insert_rowid()", soci::into(id);
  });
  return static_cast<uint64_t>(id);
}

void database::erase_instance(const lab_id& lab) {
  connection_->change(
      [&] { connection_->sql << "DELETE FROM instances WHERE lab = :lab", soci::use(lab.value, "lab"); });
}

void database::erase_journal(uint64_t id) {
  const long long number = static_cast<long long>(id);
  connection_->change([&] { connection_->sql << "DELETE FROM journal WHERE id = :id", soci::use(number, "id"); });
}

} // namespace stibium::store
