#include "scripted_runtime.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

#include <functional>
#include <optional>
#include <stdexcept>

#include "script.hpp"
#include "scripted_terminal.hpp"

namespace stibium::harness {

namespace {

/// Something of the script is due.
struct step {
  enum class what : uint8_t { finish, exits, tick } due = what::finish;
  std::string instance, node;
  uint64_t generation = 0; ///< of the command or the node; a step of an earlier one is stale
};

/// A terminal that is being opened is due.
struct terminal_due {
  open_terminal wanted;
  caf::typed_response_promise<terminal_actor> promise;
};

} // namespace

} // namespace stibium::harness

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::harness::terminal_due)

namespace stibium::harness {

namespace {

using namespace std::chrono_literals;
using scripted_runtime_actor = runtime_actor::extend<caf::reacts_to<terminal_said>, caf::reacts_to<produce_lines>,
                                                     caf::reacts_to<step>, caf::reacts_to<terminal_due>>;

constexpr auto tick_time = 10ms;

/// Who gets a node's log, one batch at a time.
struct follower {
  log_sink_actor sink;
  std::vector<std::string> pending;
  bool busy = false;
};

struct node {
  node_script script;
  node_info info;
  std::vector<std::string> said;
  std::vector<std::shared_ptr<follower>> followers;
  std::vector<scripted_terminal_actor> terminals;
  uint64_t generation = 0, ticks = 0;
  time_point started{};
};

struct running_command {
  runtime_command what;
  node_script script;
  caf::typed_response_promise<instance_status> promise;
  uint64_t generation = 0;
};

struct instance {
  instance_ref where;
  std::map<std::string, node> nodes;
  node_observer_actor observer;
  std::optional<running_command> running;
};

struct runtime_state {
  static constexpr const char* name = "scripted runtime";
  explicit runtime_state(scripted_runtime_actor::pointer self)
      : self{self} {}

  caf::result<instance_status> begin(const runtime_command& command);
  void finish(instance& in);
  caf::error carry_out(instance& in, const runtime_command& command);
  void cancel(const std::string& name);
  void start(instance& in, node& one);
  void end(instance& in, node& one, const std::string& why, bool tell);
  void say(node& one, std::vector<std::string> lines);
  void feed(const std::shared_ptr<follower>& to);
  void take(const step& due);
  void produce(produce_lines job);
  void tick(const step& due, node& one);
  void attach(const follow_log& wanted);
  caf::result<terminal_actor> open(const open_terminal& wanted);
  void open_now(terminal_due due);
  node* find(const std::string& instance_name, const std::string& node_name);
  instance_status status(const instance& in) const;
  void tell(instance& in, const node& one, std::string what);

  scripted_runtime_actor::pointer self;
  nursery births;
  std::map<std::string, instance> instances;
  uint64_t generations = 0;
};

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

// -- nodes

void runtime_state::start(instance& in, node& one) {
  one.info.state = node_state::running;
  one.generation = ++generations;
  one.ticks = 0;
  one.started = std::chrono::system_clock::now();
  tell(in, one, "");
  std::vector<std::string> lines;
  for (uint64_t i = 1; i <= one.script.number("log.lines"); ++i)
    lines.push_back(fmt::format("{} line {}", one.info.name, i));
  say(one, std::move(lines));
  if (one.script.has("log.rate"))
    self->delayed_send(self, tick_time, step{step::what::tick, in.where.name, one.info.name, one.generation});
  if (one.script.has("exits"))
    self->delayed_send(self, one.script.delay("exits"),
                       step{step::what::exits, in.where.name, one.info.name, one.generation});
}

void runtime_state::end(instance& in, node& one, const std::string& why, bool tell_observer) {
  one.info.state = node_state::exited;
  one.generation = ++generations;
  for (auto& terminal : one.terminals) self->send(terminal, node_gone{why});
  one.terminals.clear();
  if (tell_observer) tell(in, one, why);
}

void runtime_state::take(const step& due) {
  const auto found = instances.find(due.instance);
  if (found == instances.end()) return;
  auto& in = found->second;
  if (due.due == step::what::finish) {
    if (in.running && in.running->generation == due.generation) finish(in);
    return;
  }
  auto* one = find(due.instance, due.node);
  if (!one || one->generation != due.generation) return;
  if (due.due == step::what::exits)
    end(in, *one, fmt::format("node {} has exited (exit code 1)", due.node), true);
  else
    tick(due, *one);
}

/// Writes as many lines as are due by now.
void runtime_state::tick(const step& due, node& one) {
  const auto passed = std::chrono::duration<double>(std::chrono::system_clock::now() - one.started).count();
  const auto wanted = static_cast<uint64_t>(passed * static_cast<double>(one.script.number("log.rate")));
  std::vector<std::string> lines;
  while (one.ticks < wanted) lines.push_back(fmt::format("{} tick {}", one.info.name, ++one.ticks));
  say(one, std::move(lines));
  self->delayed_send(self, tick_time, due);
}

void runtime_state::produce(produce_lines job) {
  auto* one = find(job.instance, job.node);
  if (!one) return;
  const auto passed = std::chrono::duration<double>(std::chrono::system_clock::now() - job.begun).count();
  const auto due = static_cast<uint64_t>(passed * static_cast<double>(job.per_second));
  std::vector<std::string> lines;
  for (; job.next <= job.count && job.next <= due; ++job.next)
    lines.push_back(fmt::format("{} {}", job.name, job.next));
  say(*one, std::move(lines));
  if (job.next <= job.count) self->delayed_send(self, tick_time, std::move(job));
}

// -- logs and terminals

void runtime_state::say(node& one, std::vector<std::string> lines) {
  if (lines.empty()) return;
  for (auto& to : one.followers) {
    to->pending.insert(to->pending.end(), lines.begin(), lines.end());
    feed(to);
  }
  // What a node said before anybody followed is all that must be kept.
  if (one.followers.empty()) one.said.insert(one.said.end(), lines.begin(), lines.end());
}

void runtime_state::feed(const std::shared_ptr<follower>& to) {
  if (to->busy || to->pending.empty()) return;
  to->busy = true;
  self->request(to->sink, caf::infinite, log_lines{std::exchange(to->pending, {})})
      .then(
          [this, to] {
            to->busy = false;
            feed(to);
          },
          [to](caf::error&) { to->pending.clear(); });
}

void runtime_state::attach(const follow_log& wanted) {
  auto* one = find(wanted.instance.name, wanted.node);
  if (!one) return;
  for (const auto& there : one->followers)
    if (there->sink == wanted.sink) return;
  auto added = std::make_shared<follower>();
  added->sink = wanted.sink;
  added->pending = std::exchange(one->said, {});
  one->followers.push_back(added);
  feed(added);
}

caf::result<terminal_actor> runtime_state::open(const open_terminal& wanted) {
  auto* one = find(wanted.instance.name, wanted.node);
  if (!one) return failure(ec::node_not_found, "there is no node " + wanted.node);
  if (one->info.state != node_state::running)
    return failure(ec::node_not_running, "node " + wanted.node + " is not running");
  if (one->script.has("terminal.error")) return failure(ec::runtime_failed, one->script.text("terminal.error"));
  auto promise = self->make_response_promise<terminal_actor>();
  if (!one->script.has("terminal.hang"))
    self->delayed_send(self, one->script.delay("terminal.delay"), terminal_due{wanted, promise});
  return promise;
}

void runtime_state::open_now(terminal_due due) {
  auto* one = find(due.wanted.instance.name, due.wanted.node);
  if (!one || one->info.state != node_state::running) {
    due.promise.deliver(failure(ec::node_not_running, "node " + due.wanted.node + " is not running"));
    return;
  }
  auto made =
      spawn_scripted_terminal(births, due.wanted, node_script_actor{self}, one->script.text("terminal") == "log");
  one->terminals.push_back(made);
  due.promise.deliver(terminal_actor{made});
}

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
