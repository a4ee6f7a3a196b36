#pragma once

#include "transport/runtime/docker/engine.hpp"

#include <string_view>

/// \file
/// Docker's answers as values. Pure. Error: `runtime_failed` for what is no such answer.

namespace stibium::docker {

/// Of `/version`; `api` is left empty.
caf::expected<version_info> read_version(std::string_view json);
/// Of `/containers/json`. What is no object in the array is skipped.
caf::expected<std::vector<container>> read_containers(std::string_view json);
/// Of `/containers/ID/json`.
caf::expected<container_details> read_container(std::string_view json);

/// How an exec is, of `/exec/ID/json`.
struct exec_state {
  bool running = false;
  bool ended = false; ///< `exit_code` is known
  int exit_code = 0;
  int pid = 0; ///< 0: it has not been started, or could not be
  /// Docker could not start it (no such program, not executable, ...); why is in the output.
  bool never_ran() const { return ended && pid == 0 && (exit_code == 126 || exit_code == 127); }
};
caf::expected<exec_state> read_exec(std::string_view json);
/// The error of a program that never ran: Docker's words, which it writes as the program's output.
caf::error start_failure(std::string words);
/// The id in the answer to a creation.
caf::expected<std::string> read_id(std::string_view json);

/// The body that creates an exec.
struct exec_body {
  const std::vector<std::string>& argv;
  const std::vector<std::string>& env;
  std::string user, folder;
  bool tty = false;
};
std::string write_exec(const exec_body& what);

/// `filters` for a query: {"label":[...]}, percent-encoded.
std::string write_filters(const string_map& fixed, const std::vector<std::string>& labels);

} // namespace stibium::docker
