#include "transport/runtime/containerlab/containerlab.hpp"

#include "transport/runtime/containerlab/state.hpp"

#include <spdlog/spdlog.h>

namespace stibium::containerlab {

namespace {

clab_actor::behavior_type containerlab_runtime(clab_actor::stateful_pointer<clab_state> self, nursery in,
                                               io::io_thread* thread, options how, std::shared_ptr<tools> with,
                                               std::shared_ptr<survey> first) {
  auto* state = &self->state;
  self->set_down_handler([state](caf::down_msg& msg) { state->drop(msg.source); });
  state->begin(std::move(in), thread, std::move(how), *with, *first);
  self->send(self, atom::tick_v);
  return {[state](const runtime_command& what) { return state->command(what); },
          [state](atom::cancel, const std::string& instance) { state->cancel(instance); },
          [state](atom::inspect) { return state->inspect(); },
          [state](atom::adopt, const instance_ref& where, const node_observer_actor& observer) {
            return state->adopt(where, observer);
          },
          [state](const open_terminal& what) { return state->open(what); },
          [state](const follow_log& what) { return state->follow(what); },
          [state](atom::health) { return state->health(); },
          [state](const command_done& news) { state->done(news); },
          [state](const heal_done& news) { state->done(news); },
          [state](const check_due& news) { state->check(news); },
          [state](const lab_event& event) { state->hear(event); },
          [state](const events_over& news) { state->lost(news); },
          [state](const survey& news) { state->take(news); },
          [state](const std::vector<docker::container_event>& events) { state->hear(events); },
          [state](const docker::events_state& news) { state->hear(news); },
          [state](atom::tick) { state->tick(); }};
}

docker::endpoint endpoint_of(const options& how) {
  auto where = how.docker_host.empty() ? docker::endpoint_from_environment() : docker::parse_endpoint(how.docker_host);
  if (where) return *where;
  spdlog::error("Docker's address cannot be used, the default one is taken: {}", message_of(where.error()));
  return *docker::parse_endpoint(docker::default_docker_host);
}

} // namespace

runtime_actor spawn_containerlab_runtime(const nursery& in, io::io_thread& thread, const options& how) {
  auto with = std::make_shared<tools>(
      tools{cli{{how.binary, how.docker_host, how.run_root}}, docker::engine{endpoint_of(how)}, {}, how.stop_grace});
  with->clab.end_strays();
  auto first = std::make_shared<survey>(look_around(*with, 0, true));
  return spawn(in, placement::on(&thread), {"runtime", "containerlab", "", 0}, containerlab_runtime, in, &thread, how,
               std::move(with), std::move(first));
}

} // namespace stibium::containerlab
