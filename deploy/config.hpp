#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// The service's configuration: one value type, one table of keys that reads, checks, documents and prints it.

namespace stibium::deploy {

/// Where the service listens.
struct endpoint {
  std::string host = "127.0.0.1"; ///< a name or an address; IPv6 without brackets
  uint16_t port = 3000;           ///< 0 lets the system choose
  bool operator==(const endpoint&) const = default;
};

/// The endpoint as text, `HOST:PORT` or `[IPV6]:PORT`.
std::string to_string(const endpoint& where);

/// What a configuration says of the shells of one kind; what is empty (or 0) stays as it is known.
struct shell_kind {
  std::string method; ///< "exec" or "ssh"
  std::vector<std::string> command;
  std::string user, password;
  std::string key; ///< a file
  uint16_t port = 0;
  bool operator==(const shell_kind&) const = default;
};
using shell_kind_map = std::map<std::string, shell_kind>;

/// All that can be configured, with its defaults. Each field's key, unit and meaning stand in `keys()`.
struct settings {
  struct {
    endpoint listen;
    std::vector<std::string> cors_origins;
    std::chrono::milliseconds ping_interval{25000}, ping_timeout{20000}, connect_timeout{45000};
    uint64_t max_payload = 1000000;
    uint64_t send_queue_bytes = 1024 * 1024;
    bool recovery = true;
    std::chrono::milliseconds recovery_window{120000};
    uint64_t io_threads = 0;
  } server;
  struct {
    uint64_t backlog_lines = 10000, backlog_bytes = 4 * 1024 * 1024, line_bytes = 64 * 1024;
  } logs;
  struct {
    uint64_t scrollback_bytes = 256 * 1024, user_limit = 20;
    std::chrono::milliseconds timeout{1800000};
    shell_kind_map kinds;
    std::string ssh_known_hosts = "ignore";
  } shell;
  struct {
    std::string name = "embedded";
    uint64_t parallel = 2;
    std::chrono::milliseconds deadline{600000};
    std::optional<std::chrono::milliseconds> stop_grace; ///< see `stop_grace_of`
    std::string containerlab = "containerlab", docker;
  } runtime;
  struct {
    std::string node_command_ids = "api";
  } compat;
  struct {
    std::string folder = "labs";
  } labs;
  struct {
    std::string folder;
  } data;
  struct {
    std::string level = "info";
  } log;
};

/// What `runtime.stopGrace` comes to: 10 s with containerlab and 5 s with others unless it is set.
std::chrono::milliseconds stop_grace_of(const settings& from);

/// Something wrong in a configuration, with its place and what to do about it.
struct complaint {
  std::string file;
  int line = 0, column = 0; ///< from 1; 0 when it has no place in the file
  std::string text;
};

/// `file:line:column: text`.
std::string to_string(const complaint& what);

/// What reading a configuration gives: settings that may be used when nothing is wrong.
struct reading {
  settings values;
  std::vector<complaint> wrong;
};

/// Says which runtimes there are: the words that `runtime.name` takes. Called before anything is read, by one thread;
/// until then there are "embedded" and "containerlab".
void use_runtimes(const std::vector<std::string>& names);

/// Reads YAML text on top of `base`. Everything wrong is found in one go. Relative folders start at `folder`.
/// \param file names the text in complaints.
reading read_settings(std::string_view text, const std::string& file, const std::string& folder, settings base = {});

/// Reads a file, at most 1 MiB; relative folders in it start where the file is.
reading read_settings_file(const std::string& path, settings base = {});

/// Sets one key from text as on a command line; lists are separated by commas.
/// \return what is wrong, or an empty string.
std::string set_key(settings& values, std::string_view key, std::string_view text);

/// The documented configuration file that says what `values` say.
std::string to_yaml(const settings& values);

/// One row of the reference: a key, what it takes, its default, what it means.
struct key_info {
  std::string name, takes, initial, meaning;
};

/// Every key there is, in the order of the file.
std::vector<key_info> keys();

} // namespace stibium::deploy
