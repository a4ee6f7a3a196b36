#include "transport/runtime/containerlab/state.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

// What the containerlab runtime learns by itself: health, events, and what it does about them.

namespace stibium::containerlab {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_every = 500ms;
constexpr auto survey_when_ready = 30s; // events may get lost
constexpr std::chrono::milliseconds first_pause{500}, longest_pause{15'000};
// How long events may lag behind the command that caused them.
constexpr auto lag = 2s;

std::chrono::milliseconds longer(std::chrono::milliseconds pause) {
  return std::clamp<std::chrono::milliseconds>(pause * 2, first_pause, longest_pause);
}

// What a node's change means to people, when no command caused it.
std::string explain_change(const std::string& before, const node_seen& now, const std::string& exit_code) {
  if (now.state == "paused") return "node " + now.node + " is paused";
  if (now.state == "removed") return "the container of node " + now.node + " was removed";
  if (now.running()) return "node " + now.node + (before == "paused" ? " runs again after a pause" : " has started");
  return "node " + now.node + " has exited" + (exit_code.empty() ? "" : " (exit code " + exit_code + ")");
}

bool is_stale(const lab_event& event, const std::string& container, const std::string& started_at) {
  return event.time_ns != 0 && event.container_id == container && event.time_ns < nanoseconds_of(started_at);
}

// Docker's word for the state of a container to which this has just happened; empty: as before.
std::string state_after(happening what) {
  switch (what) {
  case happening::created: return "created";
  case happening::present:
  case happening::unpaused:
  case happening::started: return "running";
  case happening::died: return "exited";
  case happening::paused: return "paused";
  case happening::removed: return "removed";
  default: return {}; // what follows tells
  }
}

// A node after an event; nothing when that changes nothing.
std::optional<node_seen> after(const node_seen& before, const lab_event& event) {
  auto now = before;
  now.state = state_after(event.what);
  const bool fresh =
      event.what == happening::created || event.what == happening::started || event.what == happening::present;
  const bool same = before.container_id == event.container_id;
  if (now.state.empty() || (!same && !fresh)) return std::nullopt; // the end of one that has been replaced
  now.lab = event.lab;
  now.node = event.node;
  now.topology = event.topology;
  now.kind = event.kind;
  now.container_id = event.container_id;
  now.container_name = event.container_name;
  if (!event.ipv4.empty()) now.ipv4 = event.ipv4;
  if (!event.ipv6.empty()) now.ipv6 = event.ipv6;
  return now;
}

} // namespace

// -- health -----------------------------------------------------------------------------------------------------------

void clab_state::tick() {
  const auto now = clock::now();
  if (!surveying_ && now >= next_survey_) {
    surveying_ = help("survey", "", survey_order{*with_, changes_, !health_.ready, clab_actor{self}});
    if (!surveying_) next_survey_ = now + longest_pause;
  }
  if (health_.ready && !streaming_ && now >= next_stream_) {
    streaming_ = true;
    next_survey_ = now + 1s; // what happened before it began is unknown
    if (with_->version.has_events()) {
      stream_stop_ = std::make_shared<runtime::interrupter>();
      streaming_ = help("events", "containerlab", events_order{*with_, stream_stop_, clab_actor{self}});
    } else if (!docker_events_) {
      docker_events_ =
          docker::spawn_event_reader(in_, *thread_, with_->engine.where(), {"containerlab"}, clab_actor{self});
    }
  }
  miss_links();
  self->delayed_send(self, tick_every, atom::tick_v);
}

void clab_state::lost(const events_over& news) {
  streaming_ = false;
  spdlog::warn("containerlab events has ended: {}", news.why);
  stream_pause_ = longer(stream_pause_);
  next_stream_ = clock::now() + stream_pause_;
  look_around_soon();
}

void clab_state::hear(const docker::events_state&) { look_around_soon(); }

void clab_state::set_health(runtime_health now) {
  if (now.ready != health_.ready)
    spdlog::log(now.ready ? spdlog::level::info : spdlog::level::warn, "containerlab runtime: {}", now.detail);
  health_ = std::move(now);
}

void clab_state::take(const survey& news) {
  surveying_ = false;
  if (news.trouble) {
    survey_pause_ = longer(survey_pause_);
    next_survey_ = clock::now() + survey_pause_;
    return set_health({false, message_of(news.trouble)});
  }
  survey_pause_ = 0ms;
  next_survey_ = clock::now() + survey_when_ready;
  if (with_->version != news.version) with_->version = news.version;
  if (news.others > 0) spdlog::info("{} labs on this machine are not ours; they are left alone", news.others);
  set_health({true, "containerlab " + news.version.text() + " on Docker " + news.docker});
  if (!std::exchange(taken_back_, true))
    for (const auto& [name, seen] : news.labs) {
      auto& entry = instances_[name];
      entry.seen = seen;
      const auto memory = news.memories.find(name);
      entry.memory = memory != news.memories.end() && !memory->second.empty() ? memory->second : remember(seen);
    }
  for (auto& [name, entry] : instances_) {
    if (entry.changed > news.begun || work_.contains(name)) continue; // known better
    const auto found = news.labs.find(name);
    const auto& seen = found == news.labs.end() ? lab_seen{} : found->second;
    update(entry, name, seen, true);
    const bool wrong = is_unsettled(entry.memory) || !diagnose(entry.memory, seen).empty();
    if (entry.where && (wrong || lacks_links(entry, seen))) schedule(entry, name, false);
  }
  std::erase_if(instances_, [](const auto& each) { return !each.second.where && each.second.seen.empty(); });
}

/// Whether ends are missing that a repair may bring back. One that is there again may go missing again.
bool clab_state::lacks_links(instance_entry& entry, const lab_seen& seen) {
  const auto missing = missing_ends(entry.links, entry.memory, seen);
  std::erase_if(entry.given_up, [&](const auto& end) { return !missing.contains(end); });
  return missing.size() > entry.given_up.size();
}

// -- events -----------------------------------------------------------------------------------------------------------

void clab_state::hear(const std::vector<docker::container_event>& events) {
  for (const auto& each : events)
    if (const auto event = read_docker_event(each.action, each.id, each.attributes, each.time_ns)) hear(*event);
}

void clab_state::hear(const lab_event& event) {
  stream_pause_ = 0ms;
  auto* entry = find(event.lab);
  if (!entry) return;
  if (event.what == happening::link_lost || event.what == happening::link_there) return hear_of_link(*entry, event);
  if (!is_ours(event.topology, event.lab, how_.run_root)) return;
  hear_of(*entry, event);
}

void clab_state::hear_of(instance_entry& entry, const lab_event& event) {
  const auto known = entry.seen.find(event.node);
  const auto before = known == entry.seen.end() ? node_seen{} : known->second;
  if (is_stale(event, before.container_id, before.started_at)) return;
  const auto now = after(before, event);
  if (!now) return;
  entry.seen[event.node] = *now;
  touch(entry);
  if (event.what == happening::died || event.what == happening::removed)
    entry.terminals.close(event.node, "node stopped");
  follow_again(event.lab, entry);
  const auto work = work_.find(event.lab);
  const bool repair = work != work_.end() && !work->second.now;
  const auto right = entry.memory.find(event.node);
  // A repair ends no node but those that have to stay stopped.
  const bool crashed = repair && event.what == happening::died && right != entry.memory.end() && !right->second.stopped;
  const bool caused = told_to(event.lab, event.node) && !crashed;
  const bool silent = caused || event.what == happening::present || event.what == happening::created;
  if (before.container_id != now->container_id || before.state != now->state)
    tell(entry, event.lab, now->info(), silent ? "" : explain_change(before.state, *now, event.exit_code));
  if ((caused && !repair) || event.what == happening::paused) return;
  schedule(entry, event.lab, false);
}

void clab_state::hear_of_link(instance_entry& entry, const lab_event& event) {
  const auto node = std::find_if(entry.seen.begin(), entry.seen.end(),
                                 [&](const auto& each) { return each.second.container_id == event.container_id; });
  if (node == entry.seen.end()) return;
  const link_end end{node->first, event.interface};
  if (std::ranges::none_of(entry.links, [&](const auto& link) { return std::ranges::count(link, end) > 0; })) return;
  if (event.what == happening::link_there) {
    entry.missing.erase(end);
    return;
  }
  // A command takes links away itself, and one that stops a node parks them: whether they stay away is seen later.
  if (work_.contains(event.lab) || clock::now() - entry.worked_on < lag) {
    entry.missing[end] = event.container_id;
    return;
  }
  if (const auto right = entry.memory.find(node->first); right != entry.memory.end() && right->second.stopped) return;
  schedule(entry, event.lab, true);
}

/// Links that a command has taken away are back by now, unless it has stopped or replaced the node.
void clab_state::miss_links() {
  for (auto& [name, entry] : instances_) {
    if (entry.missing.empty() || work_.contains(name) || clock::now() - entry.worked_on < lag) continue;
    const bool lost = std::ranges::any_of(std::exchange(entry.missing, {}), [&](const auto& each) {
      const auto& node = each.first.first;
      const auto now = entry.seen.find(node);
      const auto right = entry.memory.find(node);
      return now != entry.seen.end() && now->second.running() && now->second.container_id == each.second &&
             (right == entry.memory.end() || !right->second.stopped);
    });
    if (lost) schedule(entry, name, true);
  }
}

void clab_state::update(instance_entry& entry, const std::string& instance, const lab_seen& seen, bool explain) {
  const auto before = std::exchange(entry.seen, seen);
  for (const auto& [name, then] : before)
    if (!seen.contains(name) && then.state != "removed") {
      auto& gone = entry.seen[name] = then;
      gone.state = "removed";
      tell(entry, instance, gone.info(), explain ? explain_change(then.state, gone, "") : "");
    }
  for (const auto& [name, now] : seen) {
    const auto then = before.find(name);
    const bool same = then != before.end() && then->second.container_id == now.container_id &&
                      then->second.state == now.state && then->second.ipv4 == now.ipv4 && then->second.ipv6 == now.ipv6;
    if (same) continue;
    const bool other_state = then != before.end() && then->second.state != now.state;
    tell(entry, instance, now.info(),
         explain && other_state ? explain_change(then->second.state, now, std::to_string(now.exit_code)) : "");
  }
  follow_again(instance, entry);
}

void clab_state::tell(const instance_entry& entry, const std::string& instance, const node_info& node,
                      std::string what) const {
  if (entry.observer) caf::anon_send(entry.observer, node_event{instance, node, std::move(what)});
}

// -- when to look -----------------------------------------------------------------------------------------------------

void clab_state::schedule(instance_entry& entry, const std::string& instance, bool links_lost) {
  entry.links_lost |= links_lost;
  if (!entry.where) return;
  if (work_.contains(instance)) {
    entry.look_again = true;
    return;
  }
  const bool settling = may_still_stop(entry.memory, entry.seen);
  if (entry.check != 0 && (!entry.settling || settling)) return;
  auto pause = entry.patience.pause(clock::now());
  if (!pause) return give_up(entry, instance);
  if (settling) pause = std::max<std::chrono::milliseconds>(*pause, how_.stop_grace + lag);
  entry.settling = settling;
  entry.check = ++checks_;
  self->delayed_send(self, *pause, check_due{instance, entry.check});
}

/// Until some time has passed; a command on the lab ends that too.
void clab_state::give_up(instance_entry& entry, const std::string& instance) {
  entry.settling = false;
  entry.check = ++checks_;
  self->delayed_send(self, damper::window, check_due{instance, entry.check});
  for (const auto& name : entry.patients)
    if (const auto node = entry.seen.find(name); node != entry.seen.end())
      tell(entry, instance, node->second.info(),
           "node " + name +
               " fails again and again: it is not repaired any more for a while; restart it, or redeploy the lab");
}

} // namespace stibium::containerlab
