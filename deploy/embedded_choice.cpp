#include "deploy/service.hpp"
#include "transport/runtime/embedded.hpp"

namespace stibium::deploy {

runtime_choice embedded_runtime() {
  return {"embedded", [](const runtime_needs& with) {
            return runtime::spawn_embedded_runtime(with.births, with.thread, {with.run_root, with.stop_grace});
          }};
}

} // namespace stibium::deploy
