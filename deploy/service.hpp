#pragma once

#include "actors/house.hpp"
#include "deploy/config.hpp"
#include "deploy/process.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stibium::io {
class io_thread;
}

namespace stibium::deploy {

/// What a runtime is made of.
struct runtime_needs {
  const nursery& births;
  uint64_t parent;       ///< CAF id of the guardian
  io::io_thread& thread; ///< for a runtime that is pinned
  std::string run_root;  ///< where the run folders of all labs are, absolute
  std::chrono::milliseconds stop_grace;
  const settings& values; ///< all of the configuration
};

using runtime_maker = std::function<runtime_actor(const runtime_needs&)>;

/// A runtime that `runtime.name` can name.
struct runtime_choice {
  std::string name;
  runtime_maker make;
};

/// The embedded runtime, under its name.
runtime_choice embedded_runtime();

/// The containerlab runtime, under its name.
runtime_choice containerlab_runtime();

/// Why a service could not start: what for people, and how the program ends.
struct trouble {
  exit_code how = exit_code::broken;
  std::string text;
};

/// The login that needs no provider.
struct native_login {
  std::string username = "admin", password; ///< never empty
  bool made_up = false;                     ///< the password is random and has to be told
};

/// From SB_NATIVE_USERNAME and SB_NATIVE_PASSWORD; a password that is missing or empty is made up.
native_login login_from_environment();

/// A whole service: io threads, actors, web server. Made, started and stopped by one thread.
class service {
public:
  /// \param on_failure is called, from any thread, when an actor has ended that all need: `stop` and start a new one.
  service(settings values, native_login login, const std::vector<runtime_choice>& runtimes,
          std::function<void(const std::string& why)> on_failure);
  ~service();
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  /// Starts everything. \return what went wrong, or nothing when it serves.
  std::optional<trouble> start();

  /// The URL and the port that it serves at; the real port when 0 was asked for.
  std::string url() const;
  uint16_t port() const;

  /// Stops accepting, tells clients, ends all actors. Labs keep running. \return whether all ended in time.
  bool stop();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// The program `stibiumd`, with the runtimes given; the first is the default.
/// \return its exit code.
int run_service(int argc, char** argv, const std::vector<runtime_choice>& runtimes);

} // namespace stibium::deploy
