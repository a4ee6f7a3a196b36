#include "scripted_runtime.hpp"

#include <fmt/format.h>

#include <functional>
#include <stdexcept>

#include "scripted_runtime_state.hpp"

namespace stibium::harness {

using namespace std::chrono_literals;

instance_status runtime_state::status(const instance& in) const {
  instance_status out{in.where.name, {}};
  for (const auto& [_, one] : in.nodes) out.nodes.push_back(one.info);
  return out;
}

void runtime_state::tell(instance& in, const node& one, std::string what) {
  if (in.observer) self->send(in.observer, node_event{in.where.name, one.info, std::move(what)});
}

node* runtime_state::find(const std::string& instance_name, const std::string& node_name) {
  const auto in = instances.find(instance_name);
  if (in == instances.end()) return nullptr;
  const auto one = in->second.nodes.find(node_name);
  return one == in->second.nodes.end() ? nullptr : &one->second;
}

// -- commands

caf::result<instance_status> runtime_state::begin(const runtime_command& command) {
  const auto scripts = read_scripts(command.instance.topology);
  const auto verb = to_string(command.verb);
  auto script = script_for(scripts, verb);
  if (script.has(verb + ".throw")) throw std::runtime_error("scripted runtime: thrown on request");
  const auto known = instances.find(command.instance.name);
  if (known == instances.end() && command.verb != lab_verb::deploy && command.verb != lab_verb::destroy)
    return failure(ec::lab_not_running, "there is no instance " + command.instance.name);
  auto& in = instances[command.instance.name];
  if (in.running) return failure(ec::internal, "a command of the instance is running");
  in.where = command.instance;
  in.observer = command.observer;
  std::vector<std::string> lines;
  for (uint64_t i = 1; i <= script.number(verb + ".lines"); ++i) lines.push_back(fmt::format("{} line {}", verb, i));
  if (!lines.empty() && command.log) self->send(command.log, log_lines{std::move(lines)});
  if (command.verb == lab_verb::deploy) {
    for (auto& [_, old] : in.nodes) end(in, old, "the lab is redeployed", false);
    in.nodes.clear();
    for (const auto& one : scripts) {
      auto& made = in.nodes[one.name];
      made.script = one;
      const auto digits = std::hash<std::string>{}(in.where.name + "/" + one.name + fmt::format("/{}", ++generations));
      made.info = {one.name,
                   one.kind,
                   "",
                   "",
                   node_state::starting,
                   fmt::format("{0:016x}{0:016x}{0:016x}{0:016x}", digits),
                   fmt::format("clab-{}-{}", in.where.name, one.name),
                   true};
      tell(in, made, "");
    }
  }
  auto promise = self->make_response_promise<instance_status>();
  const auto delay = script.delay(verb + ".delay");
  in.running = running_command{command, std::move(script), promise, ++generations};
  if (!in.running->script.has(verb + ".hang")) {
    const step due{step::what::finish, in.where.name, "", in.running->generation};
    if (delay > 0ms)
      self->delayed_send(self, delay, due);
    else
      self->send(self, due);
  }
  return promise;
}

void runtime_state::finish(instance& in) {
  auto done = std::move(*in.running);
  in.running.reset();
  const auto verb = to_string(done.what.verb);
  if (done.script.has(verb + ".error")) {
    const auto text = done.script.text(verb + ".error");
    if (done.what.log) self->send(done.what.log, log_lines{{text}});
    done.promise.deliver(failure(ec::runtime_failed, text));
    if (done.what.verb == lab_verb::deploy) instances.erase(in.where.name);
    return;
  }
  if (auto err = carry_out(in, done.what)) {
    done.promise.deliver(std::move(err));
    return;
  }
  auto answer = status(in);
  if (done.what.verb == lab_verb::destroy) instances.erase(in.where.name);
  done.promise.deliver(std::move(answer));
}

caf::error runtime_state::carry_out(instance& in, const runtime_command& command) {
  if (command.verb == lab_verb::deploy) {
    for (auto& [_, one] : in.nodes) start(in, one);
    return {};
  }
  if (command.verb == lab_verb::destroy) {
    for (auto& [_, one] : in.nodes) end(in, one, "the lab is destroyed", false);
    in.nodes.clear();
    return {};
  }
  const auto found = in.nodes.find(command.node);
  if (found == in.nodes.end()) return failure(ec::node_not_found, "there is no node " + command.node);
  auto& one = found->second;
  if (command.verb != lab_verb::start_node) end(in, one, "the node is stopped", true);
  if (command.verb != lab_verb::stop_node) start(in, one);
  return {};
}

void runtime_state::cancel(const std::string& name) {
  const auto found = instances.find(name);
  if (found == instances.end() || !found->second.running) return;
  auto& in = found->second;
  if (in.running->script.has(to_string(in.running->what.verb) + ".deaf")) return;
  auto cut = std::move(*in.running);
  in.running.reset();
  if (cut.what.verb == lab_verb::deploy) instances.erase(found);
  cut.promise.deliver(failure(ec::cancelled, "cancelled"));
}

namespace {

scripted_runtime_actor::behavior_type scripted_runtime(scripted_runtime_actor::stateful_pointer<runtime_state> self,
                                                       const nursery& births) {
  self->state.births = births;
  return {[self](const runtime_command& command) { return self->state.begin(command); },
          [self](atom::cancel, const std::string& name) { self->state.cancel(name); },
          [self](atom::inspect) {
            std::vector<instance_status> out;
            for (const auto& [_, in] : self->state.instances) out.push_back(self->state.status(in));
            return out;
          },
          [self](atom::adopt, const instance_ref& where,
                 const node_observer_actor& observer) -> caf::result<instance_status> {
            const auto found = self->state.instances.find(where.name);
            if (found == self->state.instances.end())
              return failure(ec::runtime_failed, "there is no instance " + where.name);
            found->second.observer = observer;
            return self->state.status(found->second);
          },
          [self](const open_terminal& wanted) { return self->state.open(wanted); },
          [self](const follow_log& wanted) { self->state.attach(wanted); },
          [self](atom::health) {
            return runtime_health{true, "scripted: nothing runs"};
          },
          [self](const terminal_said& said) {
            auto* one = self->state.find(said.instance, said.node);
            if (!one) return;
            if (said.die)
              self->state.end(self->state.instances[said.instance], *one,
                              "node " + said.node + " has exited (exit code 1)", true);
            self->state.say(*one, said.lines);
          },
          [self](const produce_lines& job) { self->state.produce(job); },
          [self](const step& due) { self->state.take(due); },
          [self](const terminal_due& due) { self->state.open_now(due); }};
}

} // namespace

runtime_actor spawn_scripted_runtime(const nursery& births, uint64_t parent) {
  return spawn(births, placement::on(births.home_for(0)), {"runtime", "scripted", "", parent}, scripted_runtime,
               births);
}

} // namespace stibium::harness
