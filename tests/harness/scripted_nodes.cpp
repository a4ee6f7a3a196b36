#include <fmt/format.h>

#include "scripted_runtime_state.hpp"

namespace stibium::harness {

using namespace std::chrono_literals;

namespace {

constexpr auto tick_time = 10ms;

} // namespace

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

} // namespace stibium::harness
