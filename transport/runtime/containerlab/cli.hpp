#pragma once

#include "transport/runtime/child_process.hpp"
#include "transport/runtime/containerlab/inspect.hpp"
#include "transport/runtime/containerlab/output.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::containerlab {

/// A version of containerlab, and what it can do.
struct clab_version {
  int major = 0, minor = 0, patch = 0;

  /// Builds from source say 0.0.0; they are taken for the newest.
  bool unknown() const { return major == 0 && minor == 0 && patch == 0; }
  bool has_node_commands() const { return unknown() || *this >= clab_version{0, 75, 0}; }
  bool has_events() const { return unknown() || *this >= clab_version{0, 72, 0}; }
  std::string text() const;
  auto operator<=>(const clab_version&) const = default;
};

/// Finds the version in what `containerlab version` prints; 0.0.0 when there is none.
clab_version read_version(std::string_view text);

/// How a run of containerlab ended, once it had been started.
struct clab_result {
  caf::error error; ///< `runtime_failed` with its own last error, `cancelled`, `deadline_passed`; none: it succeeded
  output_reader said;
  std::string out; ///< its stdout, cut at 256 KiB
};

/// Takes lines for the lab's log.
using line_sink = std::function<void(std::string)>;

/// Where and how containerlab is run. A value; any thread.
struct cli_settings {
  std::string binary = "containerlab"; ///< a path, or a name that PATH finds
  std::string docker_host;             ///< goes into DOCKER_HOST; empty: as in the environment
  std::string run_root;                ///< of all labs; marks the processes
};

/// Runs containerlab. Every call blocks until its process group is gone.
class cli {
public:
  explicit cli(cli_settings how)
      : how_(std::move(how)) {}

  const cli_settings& how() const { return how_; }

  /// Asks for its version. Error: `runtime_unavailable` when it cannot be run.
  caf::expected<clab_version> version() const;

  /// Asks for the nodes of all labs on this machine, ours or not: what cannot be read is none. Error: containerlab
  /// cannot do its work.
  caf::expected<std::vector<inspected_node>> inspect() const;

  /// Runs `containerlab ARGS...` in a folder, with `CLAB_LABDIR_BASE` set to it and the environment of this process but
  /// for `SB_...` and `STIBIUM_...`. Lines of both streams go to `log` as
  /// they come, those of stdout only when `all`. An interrupt is passed on as SIGINT, then SIGTERM, then SIGKILL to the
  /// whole process group.
  clab_result run(const std::vector<std::string>& args, const std::string& folder, const line_sink& log,
                  const runtime::interrupter& stop, std::chrono::milliseconds deadline, bool all = true) const;

  /// Reads a stream of lines from its stdout until it ends or is interrupted. \return why it ended, for people.
  std::string stream(const std::vector<std::string>& args, const std::function<void(std::string_view)>& on_line,
                     const runtime::interrupter& stop) const;

  /// Ends what an earlier process of the service has left running: SIGINT, and SIGKILL 3 s later.
  void end_strays() const;

private:
  caf::expected<runtime::program> program_for(const std::vector<std::string>& args, const std::string& folder) const;
  std::vector<std::string> environment(const std::string& folder) const;
  std::string mark() const;

  cli_settings how_;
};

} // namespace stibium::containerlab
