#pragma once

#include "transport/runtime/docker/endpoint.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// \file
/// Docker's Engine API, one blocking call at a time (API 1.41 and newer, which is Docker 20.10).

namespace stibium::docker {

inline constexpr size_t max_response = 16 * 1024 * 1024; ///< of one answer; longer ones are `runtime_failed`
inline constexpr size_t max_run_output = 256 * 1024;     ///< kept of a `run`; the rest is read and dropped
inline constexpr std::chrono::seconds call_deadline{30}; ///< of a call, from its connect to its answer
inline constexpr std::chrono::seconds probe_deadline{5}; ///< of `version`

struct http_request;
using string_map = std::map<std::string, std::string>;

/// What Docker says of itself.
struct version_info {
  std::string version; ///< "20.10.24"
  std::string api;     ///< what is spoken with it: "1.41", or its lowest when that is higher
};

/// A container's place in one network.
struct network_address {
  std::string network;
  std::string ipv4, ipv6; ///< without prefix length; may be empty
};

/// A container as the list shows it.
struct container {
  std::string id;   ///< 64 hex digits
  std::string name; ///< without its leading slash
  string_map labels;
  std::string state;  ///< "created", "running", "paused", "restarting", "removing", "exited", "dead"
  std::string status; ///< for people: "Up 5 seconds"
  std::string image;
  std::vector<network_address> networks;
};

/// A container in detail.
struct container_details {
  std::string id, name, state, image;
  string_map labels;
  bool tty = false, running = false, paused = false, restarting = false, out_of_memory = false;
  int pid = 0;             ///< in Docker's PID namespace; 0 when it does not run
  std::string started_at;  ///< RFC 3339 with nanoseconds; differs for each life of the container
  std::string finished_at; ///< likewise; "0001-01-01T00:00:00Z" before the first end
  int exit_code = 0;
  std::string error; ///< why it could not be started; usually empty
  int restart_count = 0;
  std::string restart_policy; ///< "always", "no", ...
  std::vector<network_address> networks;
};

/// What a program in a container came to.
struct run_result {
  int exit_code = 0;
  std::string output; ///< stdout and stderr, as they came
};

/// A Docker engine. Every call opens a connection of its own, blocks, and keeps a deadline, so it is called on CAF's
/// pool or by detached actors, never on an io thread. Copies share what is known of the engine; any thread.
///
/// Errors of every call: `runtime_unavailable` (not to be reached, no answer in time, API too old), `node_not_found`
/// (no such container), `node_not_running` (Docker's 409: stopped or paused), else `runtime_failed` with Docker's
/// words.
class engine {
public:
  explicit engine(endpoint where, std::chrono::milliseconds deadline = call_deadline);

  const endpoint& where() const { return where_; }

  /// Asks Docker who it is, within `probe_deadline`: the way to find out whether it is there.
  caf::expected<version_info> version();

  /// The containers, stopped ones too, that have all these labels: "key" or "key=value".
  caf::expected<std::vector<container>> list(const std::vector<std::string>& labels = {});

  /// `id`, here and below: an id, a beginning of one, or a name.
  caf::expected<container_details> inspect(const std::string& id);

  /// Fine when it runs already.
  caf::error start(const std::string& id);
  /// SIGTERM, then SIGKILL after `grace` (rounded up to seconds). Fine when it is stopped already.
  caf::error stop(const std::string& id, std::chrono::milliseconds grace);
  caf::error restart(const std::string& id, std::chrono::milliseconds grace);
  /// Removes it and its anonymous volumes, `force`: also when it runs. Fine when somebody removes it already.
  caf::error remove(const std::string& id, bool force);

  /// Runs a program in a container that runs, to its end, without input and terminal. `env` is "KEY=value"; `user` may
  /// be empty: the container's. After `deadline` its processes are ended and the error is `deadline_passed`. A program
  /// that cannot be started is `runtime_failed` with Docker's words.
  caf::expected<run_result> run(const std::string& id, const std::vector<std::string>& argv,
                                const std::vector<std::string>& env, std::chrono::milliseconds deadline,
                                const std::string& user = {});

  /// Removes a network by name or id. Fine when there is none; `runtime_failed` while containers are in it.
  caf::error remove_network(const std::string& name);

  /// The path prefix for the API that is spoken, "/v1.41"; asks Docker the first time and after it was away.
  caf::expected<std::string> api_prefix();

  /// One plain call for what is not above: method ("GET"), path below the prefix, JSON body or nothing. Answers the
  /// body; a status of 400 and more is an error.
  caf::expected<std::string> call(const std::string& method, const std::string& path, std::string body = {},
                                  std::chrono::milliseconds extra = {});

private:
  struct knowledge;
  caf::expected<std::string> exchange(http_request what, std::string prefix, std::chrono::milliseconds time);
  endpoint where_;
  std::chrono::milliseconds deadline_;
  std::shared_ptr<knowledge> known_;
};

} // namespace stibium::docker
