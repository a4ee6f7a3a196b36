#include "deploy/wiring.hpp"

#include "actors/accounts.hpp"
#include "actors/bulletin.hpp"
#include "actors/directory.hpp"
#include "actors/guardian.hpp"
#include "actors/lab.hpp"
#include "actors/orphans.hpp"
#include "actors/scheduler.hpp"
#include "actors/session.hpp"
#include "actors/supervisor.hpp"
#include "transport/store/log_spool.hpp"
#include "transport/web/rest.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace stibium::deploy {

namespace {

// How long the first look at the labs folder may take before the service listens without it.
constexpr std::chrono::seconds first_look{20};
constexpr std::chrono::seconds report_deadline{3};
// The runtime may look around for a while.
constexpr std::chrono::seconds build_deadline{60};

template <class To, class From>
To rounded(From span) {
  return std::max(To{1}, std::chrono::duration_cast<To>(span));
}

limits bounds_of(const settings& from) {
  limits to;
  to.backlog_lines = from.logs.backlog_lines;
  to.backlog_bytes = from.logs.backlog_bytes;
  to.line_bytes = from.logs.line_bytes;
  to.scrollback_bytes = from.shell.scrollback_bytes;
  to.shells_per_user = from.shell.user_limit;
  to.shell_timeout = rounded<std::chrono::seconds>(from.shell.timeout);
  to.parallel_commands = from.runtime.parallel;
  to.command_deadline = rounded<std::chrono::seconds>(from.runtime.deadline);
  to.recovery_window = rounded<std::chrono::seconds>(from.server.recovery_window);
  to.reference_node_commands = from.compat.node_command_ids == "reference";
  return to;
}

std::string run_root(const settings& values) { return values.data.folder + "/run"; }

// The configuration has been checked: there is one.
runtime_maker find_runtime(const wiring_needs& with) {
  return std::find_if(with.runtimes.begin(), with.runtimes.end(),
                      [&](const runtime_choice& each) { return each.name == with.values.runtime.name; })
      ->make;
}

directory_actor make_directory(const house& world, const stored_state& state) {
  directory_setup setup{world, state, {}};
  setup.make_lab = [births = world.births](lab_setup about) -> lab_actor {
    auto* home = births.home_for(std::hash<std::string>{}(about.file.id.value));
    birth_record birth{"lab", about.file.name, about.file.creator_id, about.world.directory.id()};
    return spawn(births, placement::on(home), std::move(birth), lab, std::move(about));
  };
  return spawn(world.births, placement::on(world.births.home_for(0)), {"directory", "", "", world.guardian}, directory,
               std::move(setup));
}

// Waits until the labs of the folder are known, so that whoever connects first finds them.
void await_first_look(const residents& whom) {
  caf::scoped_actor self{*whom.world.births.system};
  self->request(whom.labs_folder, first_look, atom::refresh_v)
      .receive([] {}, [](const caf::error& why) { spdlog::warn("the labs folder takes long: {}", message_of(why)); });
}

// Says what the service begins with.
void report(const residents& whom, const settings& values) {
  caf::scoped_actor self{*whom.world.births.system};
  identity everyone;
  everyone.is_admin = true;
  self->request(whom.world.directory, report_deadline, atom::describe_v, everyone)
      .receive(
          [&](const std::vector<lab_view>& labs) { spdlog::info("{} labs in {}", labs.size(), values.labs.folder); },
          [](const caf::error& why) { spdlog::warn("the labs are not known: {}", message_of(why)); });
  self->request(whom.world.runtime, report_deadline, atom::health_v)
      .receive(
          [&](const runtime_health& health) {
            spdlog::log(health.ready ? spdlog::level::info : spdlog::level::warn, "runtime {}: {}", values.runtime.name,
                        health.detail);
          },
          [](const caf::error& why) { spdlog::warn("the runtime does not answer: {}", message_of(why)); });
}

blueprint make_blueprint(const wiring_needs& with) {
  const auto values = with.values;
  blueprint plan;
  plan.ground.births = with.births;
  plan.ground.bounds = bounds_of(values);
  plan.ground.make_spool = store::spool_maker(with.births, values.data.folder + "/logs",
                                              {values.logs.backlog_lines, values.logs.backlog_bytes});
  plan.ground.run_folder = [root = run_root(values)](const lab_id& lab) { return root + "/" + lab.value; };
  plan.store = [data = with.data](const house& h) { return store::spawn_store(h.births, h.guardian, data); };
  plan.accounts = [key = with.key, login = with.login](const house& h, const stored_state& stored) {
    return spawn(h.births, placement::pool(), {"accounts", "", "", h.guardian}, accounts,
                 accounts_setup{h.store, key, login.username, login.password, stored.users});
  };
  plan.bulletin = [](const house& h) {
    return spawn(h.births, placement::on(h.births.home_for(0)), {"bulletin", "", "", h.guardian}, bulletin,
                 bulletin_setup{});
  };
  plan.runtime = [make = find_runtime(with), values, &thread = with.thread](const house& h) {
    return make({h.births, h.guardian, thread, run_root(values), stop_grace_of(values), values});
  };
  plan.supervisor = [](const house& h) -> supervisor_actor {
    return spawn(h.births, placement::on(h.births.home_for(0)), {"supervisor", "", "", h.guardian}, supervisor,
                 supervisor_setup{h.runtime, h.bulletin, h.bounds});
  };
  plan.scheduler = [](const house& h) -> scheduler_actor {
    return spawn(h.births, placement::pool(), {"scheduler", "", "", h.guardian}, scheduler, scheduler_setup{});
  };
  plan.directory = make_directory;
  plan.orphans = [](const house& h) -> orphans_actor {
    return spawn(h.births, placement::pool(), {"orphans", "", "", h.guardian}, orphans, orphans_setup{h});
  };
  return plan;
}

} // namespace

std::variant<residents, std::string> start_actors(const wiring_needs& with) {
  residents all;
  all.chief = spawn(with.births, placement::pool(), {"guardian", "", "", 0}, guardian, make_blueprint(with));
  std::string wrong;
  caf::scoped_actor self{*with.births.system};
  self->request(all.chief, build_deadline, atom::wanted_v)
      .receive([&](house& built) { all.world = std::move(built); },
               [&](const caf::error& why) { wrong = message_of(why); });
  if (!wrong.empty()) {
    stop_actors(all);
    return wrong;
  }
  all.labs_folder =
      store::spawn_labs_folder(with.births, all.chief.id(), {with.values.labs.folder, with.login.username},
                               all.world.directory, all.world.bulletin);
  for (const auto& one : {caf::actor_cast<caf::actor>(all.chief), caf::actor_cast<caf::actor>(all.labs_folder)})
    one->attach_functor([told = with.on_failure](const caf::error& why) {
      if (why && why != caf::exit_reason::user_shutdown) told(message_of(why));
    });
  await_first_look(all);
  report(all, with.values);
  return all;
}

void stop_actors(const residents& whom) {
  if (whom.labs_folder) caf::anon_send_exit(whom.labs_folder, caf::exit_reason::user_shutdown);
  if (whom.chief) caf::anon_send(whom.chief, atom::shut_v);
}

web::session_factory make_session_factory(const residents& with) {
  return [world = with.world](gateway_actor gateway, connection_id connection, web::client_info client,
                              caf::execution_unit* home) -> session_actor {
    birth_record birth{"session", client.remote, "", gateway.id()};
    session_setup setup{world, std::move(gateway), connection, client.recovery, std::move(client.remote)};
    return spawn(world.births, placement::on(home), std::move(birth), session, std::move(setup));
  };
}

web::http_handler make_http_handler(const residents& with) {
  web::rest_options options;
  options.version = STIBIUM_VERSION;
  return web::make_rest_handler(with.world, std::move(options));
}

} // namespace stibium::deploy
