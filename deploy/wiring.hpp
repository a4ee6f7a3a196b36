#pragma once

#include "actors/guardian.hpp"
#include "deploy/service.hpp"
#include "transport/store/labs_folder.hpp"
#include "transport/store/sqlite_store.hpp"
#include "transport/web/server.hpp"

#include <variant>

/// \file
/// Who is spawned, with what, in which order.

namespace stibium::deploy {

/// What the actors of a service are made of.
struct wiring_needs {
  const settings& values;
  const nursery& births;
  io::io_thread& thread; ///< for a runtime that is pinned
  const std::vector<runtime_choice>& runtimes;
  std::shared_ptr<store::database> data;
  const std::string& key; ///< signs tokens
  const native_login& login;
  std::function<void(const std::string& why)> on_failure; ///< an actor that all need has ended; from any thread
};

/// The actors of a running service that are not made by others.
struct residents {
  guardian_actor chief;
  house world;
  store::labs_folder_actor labs_folder;
};

/// Spawns them; the labs of the folder are known when this returns. \return them, or what went wrong.
std::variant<residents, std::string> start_actors(const wiring_needs& with);

/// Ends them; what they have spawned ends with them. Returns before they have ended.
void stop_actors(const residents& whom);

/// Makes the session of each new connection.
web::session_factory make_session_factory(const residents& with);

/// Answers what is not Socket.IO: REST. What it holds lives as long as it does.
web::http_handler make_http_handler(const residents& with);

} // namespace stibium::deploy
