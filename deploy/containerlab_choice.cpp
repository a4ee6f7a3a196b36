#include "deploy/service.hpp"
#include "deploy/shells.hpp"
#include "transport/runtime/containerlab/containerlab.hpp"

namespace stibium::deploy {

runtime_choice containerlab_runtime() {
  return {"containerlab", [](const runtime_needs& with) {
            containerlab::options how;
            how.run_root = with.run_root;
            how.binary = with.values.runtime.containerlab;
            how.docker_host = with.values.runtime.docker;
            how.stop_grace = with.stop_grace;
            how.shells = shells_of(with.values);
            how.host_keys = host_keys_of(with.values);
            how.known_hosts = known_hosts_of(with.values);
            return containerlab::spawn_containerlab_runtime(with.births, with.thread, how);
          }};
}

} // namespace stibium::deploy
