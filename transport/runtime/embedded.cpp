#include "transport/runtime/embedded.hpp"

#include "transport/runtime/embedded_state.hpp"
#include "transport/runtime/strays.hpp"

#include <algorithm>
#include <set>

namespace stibium::runtime {

namespace {

// Whether something of the instance can still be there: not after the machine has started anew, nor when all its
// processes and network namespaces are gone.
bool may_be_there(const sandbox& box, const instance_record& record) {
  if (record.boot != boot_id()) return false;
  const bool reachable = record.isolation == to_string(isolation::root);
  return std::any_of(record.nodes.begin(), record.nodes.end(), [&](const node_record& node) {
    const auto process = read_process(record, node.name);
    if (process && find_process(process->outer.pid) == process->outer) return true;
    return (reachable && ::access(("/run/netns/" + node.netns).c_str(), F_OK) == 0) ||
           (record.holder && record.holder == box.holder());
  });
}

// What an earlier process has left at work, and nobody waits for any more. Nodes that have told who they are stay.
void end_left_work(const std::string& run_root) {
  std::set<pid_t> spared;
  const auto spare = [&](const process_id& process) {
    if (find_process(process.pid) == process) spared.insert(process.pid);
  };
  spare(sandbox::read_holder(run_root));
  for (const auto& record : find_records(run_root))
    for (const auto& node : record.nodes)
      if (const auto process = read_process(record, node.name)) {
        spare(process->outer);
        spare(process->init);
      }
  end_strays(run_root_mark(run_root), spared, {});
}

// The instances of an earlier process; what is stale is cleaned away.
std::vector<instance_record> recover(const sandbox& box, const std::string& run_root) {
  std::vector<instance_record> result;
  for (auto& record : find_records(run_root)) {
    if (may_be_there(box, record)) {
      result.push_back(std::move(record));
      continue;
    }
    remove_files(record);
  }
  remove_beginnings(run_root);
  return result;
}

embedded_actor::behavior_type embedded(embedded_actor::stateful_pointer<embedded_state> self, nursery in,
                                       io::io_thread* thread, embedded_options options,
                                       std::shared_ptr<const sandbox> box, std::vector<instance_record> left) {
  auto* state = &self->state;
  self->set_down_handler([state](caf::down_msg& msg) { state->drop(msg.source); });
  state->begin(std::move(in), thread, std::move(options), std::move(box), std::move(left));
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
          [state](const instance_made& news) { state->made(news); },
          [state](const instance_ending& news) { state->ending(news); },
          [state](const node_started& news) { state->started(news); },
          [state](const node_ended& news) { state->ended(news); },
          [state](const command_ended& news) { state->done(news); },
          [self, state](atom::tick) { self->delayed_send(self, state->tick(), atom::tick_v); }};
}

} // namespace

runtime_actor spawn_embedded_runtime(const nursery& in, io::io_thread& thread, const embedded_options& options) {
  end_left_work(options.run_root);
  auto box = std::make_shared<const sandbox>(sandbox::open(options.run_root, options.wanted));
  auto left = recover(*box, options.run_root);
  return spawn(in, placement::on(&thread), {"runtime", "embedded", "", 0}, embedded, in, &thread, options,
               std::move(box), std::move(left));
}

} // namespace stibium::runtime
