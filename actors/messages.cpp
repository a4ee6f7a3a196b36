#include "actors/messages.hpp"

#include <atomic>

namespace stibium {

stream_id next_stream_id() {
  static std::atomic<uint64_t> last{0};
  return {++last};
}

std::string to_string(node_state state) {
  switch (state) {
  case node_state::starting: return "starting";
  case node_state::running: return "running";
  case node_state::exited: return "exited";
  }
  return "unknown";
}

std::string to_string(lab_verb verb) {
  switch (verb) {
  case lab_verb::deploy: return "deploy";
  case lab_verb::destroy: return "destroy";
  case lab_verb::stop_node: return "stop";
  case lab_verb::start_node: return "start";
  case lab_verb::restart_node: return "restart";
  }
  return "unknown";
}

} // namespace stibium
