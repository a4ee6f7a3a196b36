#include "tests/actors/fixture.hpp"

#include <algorithm>

namespace stibium::test {

namespace {

caf::actor_system_config& testing(caf::actor_system_config& cfg) {
  cfg.set("scheduler.policy", caf::atom("testing"));
  return cfg;
}

template <class Map>
auto look_up(const Map& map, const std::set<std::string>& hidden, const std::string& key, ec missing)
    -> caf::result<typename Map::mapped_type> {
  const auto found = map.find(key);
  if (found == map.end()) return failure(missing, "no " + key);
  if (hidden.contains(key)) return failure(ec::no_access, "no access to " + key);
  return found->second;
}

/// A command, for the stand-ins of supervisor and runtime alike.
caf::result<instance_status> take(runtime_record& record, caf::local_actor* me, const runtime_command& cmd) {
  record.commands.push_back(cmd);
  record.observer = cmd.observer;
  if (!record.hold) return record.status_of(cmd);
  auto promise = me->make_response_promise<caf::typed_response_promise<instance_status>>();
  record.held.push_back({cmd, promise, me});
  return promise;
}

void cancel(runtime_record& record, const std::string& name) {
  record.cancelled.push_back(name);
  if (record.ignore_cancel) return;
  for (auto it = record.held.begin(); it != record.held.end();) {
    if (it->what.instance.name != name) {
      ++it;
      continue;
    }
    it->promise.deliver(failure(ec::cancelled, "cancelled"));
    it = record.held.erase(it);
  }
}

} // namespace

identity admin() { return {"id-admin", "admin", true, {}}; }

identity user(std::string name, std::vector<std::string> groups) {
  return {"id-" + name, name, false, std::move(groups)};
}

node_info node(std::string name, node_state state) {
  node_info result;
  result.kind = "linux";
  result.state = state;
  result.container_id = std::string(64 - std::min<size_t>(name.size(), 12), 'a');
  for (const unsigned char c : name.substr(0, 12)) result.container_id.insert(0, 1, "0123456789abcdef"[c % 16]);
  result.container_name = "clab-x-" + name;
  result.name = std::move(name);
  return result;
}

void runtime_record::finish(std::vector<node_info> with) {
  REQUIRE(!held.empty());
  auto first = std::move(held.front());
  held.pop_front();
  first.deliver(instance_status{first.what.instance.name, std::move(with)});
}

void runtime_record::fail(caf::error why) {
  REQUIRE(!held.empty());
  auto first = std::move(held.front());
  held.pop_front();
  first.deliver(std::move(why));
}

void runtime_record::attach(const terminal_actor& terminal) {
  REQUIRE(owner);
  std::exchange(owner, nullptr)->context(nullptr);
  std::exchange(held_terminal, {}).deliver(terminal);
}

instance_status runtime_record::status_of(const runtime_command& cmd) const {
  return {cmd.instance.name, nodes ? nodes(cmd) : std::vector<node_info>{}};
}

actor_fixture::actor_fixture()
    : system(testing(cfg))
    , sched(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()))
    , self(system) {
  world.births.system = &system;
  world.now = [this] { return now(); };
  world.store = make_store();
  world.accounts = make_accounts();
  world.bulletin = make_bulletin();
  world.runtime = make_runtime();
  world.supervisor = make_supervisor(commands);
  world.scheduler = make_scheduler();
  world.directory = make_directory();
  world.make_spool = [this](const lab_id&) { return make_spool(spool); };
  world.run_folder = [](const lab_id& lab) { return "/run/" + lab.value; };
  gateway = make_gateway(gateway_heard);
  run();
}

actor_fixture::~actor_fixture() {
  for (const auto& who : spawned_) caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
  run();
  spawned_.clear();
  // The records hold handles; what they hold must not outlive the system.
  *commands = {}, *runtime = {}, *terminal = {}, *store = {}, *bulletin = {}, *directory = {}, *schedule = {};
  *gateway_heard = {};
  world.store = nullptr, world.accounts = nullptr, world.bulletin = nullptr, world.runtime = nullptr;
  world.supervisor = nullptr, world.scheduler = nullptr, world.directory = nullptr, gateway = nullptr;
  run();
  // An actor must end those that it made. (Not fatal here: a destructor must not throw.)
  for (const auto& left : world.births.people->all())
    FAIL_CHECK("still alive: " << left.birth.kind << " '" << left.birth.name << "'");
}

void actor_fixture::advance(caf::timespan by) {
  sched.advance_time(by);
  run();
}

time_point actor_fixture::now() const {
  constexpr std::chrono::sys_days day = std::chrono::year{2026} / 1 / 15;
  return time_point{day} + std::chrono::duration_cast<time_point::duration>(sched.clock().now().time_since_epoch());
}

supervisor_actor actor_fixture::make_supervisor(std::shared_ptr<runtime_record> record) {
  return spawn([record](supervisor_actor::pointer me) -> supervisor_actor::behavior_type {
    return {[record, me](const runtime_command& cmd) { return take(*record, me, cmd); },
            [record](atom::cancel, const std::string& name) { cancel(*record, name); },
            [record](atom::health) { return record->health; },
            [record](const runtime_health& health) { record->health = health; }};
  });
}

runtime_actor actor_fixture::make_runtime() {
  auto record = runtime;
  return spawn([record, this](runtime_actor::pointer me) -> runtime_actor::behavior_type {
    return {[record, me](const runtime_command& cmd) { return take(*record, me, cmd); },
            [record](atom::cancel, const std::string& name) { cancel(*record, name); },
            [record](atom::inspect) { return record->instances; },
            [record](atom::adopt, const instance_ref& which,
                     const node_observer_actor& observer) -> caf::result<instance_status> {
              record->adopted.push_back(which.name);
              record->observer = observer;
              for (const auto& known : record->instances)
                if (known.name == which.name) return known;
              return failure(ec::lab_not_running, "no such instance");
            },
            [record, this, me](const open_terminal& wish) -> caf::result<terminal_actor> {
              record->opened.push_back(wish);
              if (record->refuse_terminal) return record->refuse_terminal;
              *terminal = {};
              terminal->client = wish.client;
              if (!record->hold_terminal) return make_terminal(terminal);
              record->owner = me;
              record->held_terminal = me->make_response_promise<caf::typed_response_promise<terminal_actor>>();
              return record->held_terminal;
            },
            [record](const follow_log& wish) { record->followed.push_back(wish); },
            [record](atom::health) { return record->health; }};
  });
}

terminal_actor actor_fixture::make_terminal(std::shared_ptr<terminal_record> record) {
  return spawn([record](terminal_actor::pointer me) -> terminal_actor::behavior_type {
    return {[record](const terminal_input& in) { record->written.push_back(in.bytes); },
            [record](const shell_size& size) { record->sizes.emplace_back(size.cols, size.rows); },
            [record](atom::pause) { ++record->pauses; }, [record](atom::resume) { ++record->resumes; },
            [record, me](atom::close) {
              ++record->closes;
              if (record->client) me->send(record->client, terminal_ended{"closed", false});
              me->quit();
            }};
  });
}

directory_actor actor_fixture::make_directory() {
  auto rec = directory;
  return spawn([rec](directory_actor::pointer) -> directory_actor::behavior_type {
    return {[rec](atom::find, const std::string& nsp, const identity&) {
              return look_up(rec->streams, rec->hidden, nsp, ec::namespace_not_found);
            },
            [rec](atom::lookup, const lab_id& lab, const identity&) {
              return look_up(rec->labs, rec->hidden, lab.value, ec::lab_not_found);
            },
            [rec](atom::list, const lab_id& lab, const user_ref& who) -> caf::result<std::vector<shell_info>> {
              if (rec->hidden.contains(lab.value)) return failure(ec::no_access, "no access");
              std::vector<shell_info> result;
              for (const auto& info : rec->opened)
                if (info.lab == lab && info.user_id == who->user_id) result.push_back(info);
              return result;
            },
            [rec](atom::find, const lab_id&, const shell_id& shell, const identity&) {
              return look_up(rec->shells, rec->hidden, shell.value, ec::shell_not_found);
            },
            [rec](atom::reserve, const identity&) -> caf::result<shell_id> {
              if (rec->reserved - rec->released.size() >= rec->shell_limit) return failure(ec::shell_limit, "too many");
              return shell_id{"shell-" + std::to_string(++rec->reserved)};
            },
            [rec](const shell_opened& opened) {
              rec->opened.push_back(opened.info);
              rec->shells[opened.info.id.value] = opened.shell;
            },
            [rec](atom::release, const shell_id& shell) {
              rec->released.push_back(shell.value);
              rec->shells.erase(shell.value);
            },
            [rec](const announce_stream& what) {
              rec->announced.push_back(what);
              for (const auto& name : what.names) rec->streams[name] = {what.stream, {}};
            },
            [rec](const withdraw_stream& what) {
              for (const auto& name : what.names) {
                rec->withdrawn.push_back(name);
                rec->streams.erase(name);
              }
            },
            [rec](const lab_view& view) {
              rec->views[view.id.value] = view;
              rec->all_views.push_back(view);
            },
            [rec](atom::describe, const identity&) {
              std::vector<lab_view> result;
              for (const auto& [id, view] : rec->views)
                if (!rec->hidden.contains(id)) result.push_back(view);
              return result;
            },
            [rec](atom::describe, const lab_id& lab, const identity&) {
              return look_up(rec->views, rec->hidden, lab.value, ec::lab_not_found);
            },
            [rec](const lab_file& file) { rec->files.push_back(file); },
            [rec](const lab_file_gone& gone) { rec->files_gone.push_back(gone.id.value); },
            [rec](const socket_presence& socket) { rec->sockets.push_back(socket); },
            [rec](atom::reclaim, const std::string& pid, const std::string&, const std::string&) {
              return look_up(rec->reclaimable, rec->hidden, pid, ec::namespace_not_found);
            }};
  });
}

bulletin_actor actor_fixture::make_bulletin() {
  auto rec = bulletin;
  return spawn([rec](bulletin_actor::pointer) -> bulletin_actor::behavior_type {
    return {[rec](const status_message& msg) { rec->messages.push_back(msg); },
            [rec](const lab_update& update) { rec->updates.push_back(update); },
            [rec](const shell_notice& notice) { rec->notices.push_back(notice); },
            [rec](const bulletin_subscription& sub) { rec->subscriptions.push_back(sub); },
            [rec](const leave_stream& leave) { rec->left.push_back(leave); }};
  });
}

store_actor actor_fixture::make_store() {
  auto rec = store;
  return spawn([rec](store_actor::pointer actor) -> store_actor::behavior_type {
    const auto outcome = [rec, actor]() -> caf::result<void> {
      if (rec->silent) {
        rec->unanswered.push_back(actor->make_response_promise());
        return caf::delegated<void>{};
      }
      if (rec->broken) return failure(ec::storage_failed, "disk full");
      return caf::unit;
    };
    return {[rec](atom::load) -> caf::result<stored_state> {
              if (rec->broken) return failure(ec::storage_failed, "disk full");
              auto all = rec->state;
              all.labs.insert(all.labs.end(), rec->labs.begin(), rec->labs.end());
              for (const auto& [id, instance] : rec->instances) all.instances.push_back(instance);
              for (const auto& [id, entry] : rec->journal) all.journal.push_back(entry);
              return all;
            },
            [rec, outcome](atom::save, const stored_lab& lab) {
              if (!rec->broken) rec->labs.push_back(lab);
              return outcome();
            },
            [rec, outcome](atom::save, const stored_instance& instance) {
              if (!rec->broken) rec->instances[instance.where.lab.value] = instance;
              return outcome();
            },
            [rec, outcome](atom::save, const stored_user& who) {
              if (!rec->broken) rec->users.push_back(who);
              return outcome();
            },
            [rec](atom::save, const journal_entry& entry) -> caf::result<uint64_t> {
              if (rec->broken) return failure(ec::storage_failed, "disk full");
              auto kept = entry;
              if (kept.id == 0) kept.id = rec->next_id++;
              rec->journal[kept.id] = kept;
              rec->journal_seen.push_back(kept);
              return kept.id;
            },
            [rec, outcome](atom::erase, const lab_id& lab) {
              if (!rec->broken) rec->instances.erase(lab.value);
              return outcome();
            },
            [rec, outcome](atom::erase, uint64_t id) {
              if (!rec->broken) rec->journal.erase(id);
              return outcome();
            }};
  });
}

accounts_actor actor_fixture::make_accounts() {
  auto rec = accounts;
  return spawn([rec](accounts_actor::pointer) -> accounts_actor::behavior_type {
    return {[rec](atom::verify, const std::string& token) -> caf::result<identity> {
              if (token.empty()) return failure(ec::unauthorized, "no token");
              const auto found = rec->tokens.find(token);
              if (found == rec->tokens.end()) return failure(ec::invalid_token, "unknown token");
              return found->second;
            },
            [](atom::login, const login_attempt&) -> caf::result<login_tokens> {
              return failure(ec::wrong_credentials, "nobody logs in here");
            },
            [](atom::refresh, const std::string&) -> caf::result<std::string> {
              return failure(ec::invalid_token, "nothing is refreshed here");
            }};
  });
}

scheduler_actor actor_fixture::make_scheduler() {
  auto rec = schedule;
  return spawn([rec](scheduler_actor::pointer) -> scheduler_actor::behavior_type {
    return {[rec](const lab_schedule& what) { rec->set.push_back(what); },
            [rec](atom::cancel, const lab_id& lab) { rec->cancelled.push_back(lab.value); }};
  });
}

gateway_actor actor_fixture::make_gateway(std::shared_ptr<gateway_record> rec) {
  return spawn([rec](gateway_actor::pointer) -> gateway_actor::behavior_type {
    const auto noted = [rec](const char* kind) { rec->order.emplace_back(kind); };
    return {[=](const open_namespace& x) { noted("open"), rec->opened.push_back(x); },
            [=](const refuse_namespace& x) { noted("refuse"), rec->refused.push_back(x); },
            [=](const emit_event& x) { noted("emit"), rec->emitted.push_back(x); },
            [=](const reply& x) { noted("reply"), rec->replies.push_back(x); },
            [=](const end_namespace& x) { noted("end"), rec->ended.push_back(x); },
            [=](const join_stream& x) { noted("join"), rec->joined.push_back(x); },
            [=](const stream_data& x) { noted("data"), rec->data.push_back(x); },
            [=](const end_stream& x) { noted("end stream"), rec->streams_ended.push_back(x.stream); }};
  });
}

spool_actor actor_fixture::make_spool(std::shared_ptr<spool_record> rec) {
  return spawn([rec](spool_actor::pointer) -> spool_actor::behavior_type {
    return {[rec](atom::load) { return rec->stored; },
            [rec](const log_lines& more) {
              rec->stored.lines.insert(rec->stored.lines.end(), more.lines.begin(), more.lines.end());
            },
            [rec](atom::reset) {
              ++rec->resets;
              rec->stored.lines.clear();
            }};
  });
}

} // namespace stibium::test
