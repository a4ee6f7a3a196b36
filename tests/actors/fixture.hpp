#pragma once

#include "actors/house.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <map>
#include <set>

/// \file
/// A house for tests: a system whose scheduler runs only when told, a clock that stands still, and stand-ins for every
/// actor that write down what they hear. All of it runs on the test's thread, so tests read the records directly.

namespace stibium::test {

/// A command that a stand-in for the runtime or the supervisor has been given and has not answered.
struct held_command {
  runtime_command what;
  caf::typed_response_promise<instance_status> promise;
  caf::local_actor* owner = nullptr; ///< the stand-in

  /// Answers from outside of the stand-in: nothing of its last turn may be used.
  template <class Answer>
  void deliver(Answer&& with) {
    owner->context(nullptr);
    promise.deliver(std::forward<Answer>(with));
  }
};

/// What the stand-ins for the supervisor and the runtime heard, and how they answer.
struct runtime_record {
  std::vector<runtime_command> commands; ///< all, in order
  std::deque<held_command> held;         ///< not answered yet; filled while `hold` is set
  std::vector<std::string> cancelled;    ///< instance names
  std::vector<std::string> adopted;      ///< instance names
  std::vector<follow_log> followed;
  std::vector<open_terminal> opened;
  std::vector<instance_status> instances; ///< what `inspect` and `adopt` know
  node_observer_actor observer;           ///< of the last command or adoption
  runtime_health health{true, "stand-in"};
  bool hold = false;          ///< commands wait for `finish` and `fail`
  bool ignore_cancel = false; ///< a cancel does not answer the held command
  caf::error refuse_terminal; ///< when set, `open_terminal` fails with it
  bool hold_terminal = false; ///< `open_terminal` waits for `attach`
  caf::typed_response_promise<terminal_actor> held_terminal;
  caf::local_actor* owner = nullptr;                                   ///< of `held_terminal`: the stand-in
  std::function<std::vector<node_info>(const runtime_command&)> nodes; ///< what a command answers; may be empty

  /// Answers the oldest held command.
  void finish(std::vector<node_info> with = {});
  void fail(caf::error why);
  /// Answers the `open_terminal` that is held.
  void attach(const terminal_actor& terminal);
  /// The status that `commands` answer without `hold`.
  instance_status status_of(const runtime_command& cmd) const;
};

/// What the stand-in for a terminal heard.
struct terminal_record {
  terminal_client_actor client;
  std::vector<std::string> written;
  std::vector<std::pair<int, int>> sizes;
  int pauses = 0, resumes = 0, closes = 0;
};

struct store_record {
  stored_state state; ///< `load` answers this and what was saved since
  std::vector<stored_lab> labs;
  std::map<std::string, stored_instance> instances; ///< by lab id, as they are now
  std::map<uint64_t, journal_entry> journal;        ///< as it is now
  std::vector<journal_entry> journal_seen;          ///< all that were ever begun
  std::vector<stored_user> users;
  uint64_t next_id = 1;
  bool broken = false; ///< everything fails with `storage_failed`
  bool silent = false; ///< what is saved and erased is not answered
  std::vector<caf::response_promise> unanswered;
};

struct bulletin_record {
  std::vector<status_message> messages;
  std::vector<lab_update> updates;
  std::vector<shell_notice> notices;
  std::vector<bulletin_subscription> subscriptions;
  std::vector<leave_stream> left;
};

/// Answers `find`, `lookup`, `describe` from the maps below; what is in `hidden` is refused with `no_access`.
struct directory_record {
  std::map<std::string, stream_ref> streams; ///< by namespace; announcements enter and leave by themselves
  std::map<std::string, lab_ref> labs;       ///< by lab id
  std::map<std::string, shell_actor> shells; ///< by shell id
  std::map<std::string, lab_view> views;     ///< the last one of each lab
  std::set<std::string> hidden;              ///< namespaces, lab ids, shell ids
  std::vector<lab_view> all_views;           ///< in order
  std::vector<announce_stream> announced;
  std::vector<std::string> withdrawn;
  std::vector<shell_info> opened;
  std::vector<std::string> released; ///< shell ids
  std::vector<socket_presence> sockets;
  std::map<std::string, std::string> reclaimable; ///< pid to sid
  std::vector<lab_file> files;
  std::vector<std::string> files_gone;
  size_t reserved = 0, shell_limit = 20;
};

struct accounts_record {
  std::map<std::string, identity> tokens; ///< whose token; others are `invalid_token`, the empty one `unauthorized`
};

struct schedule_record {
  std::vector<lab_schedule> set;
  std::vector<std::string> cancelled;
};

/// What a gateway was told, each kind in order.
struct gateway_record {
  std::vector<open_namespace> opened;
  std::vector<refuse_namespace> refused;
  std::vector<emit_event> emitted;
  std::vector<reply> replies;
  std::vector<end_namespace> ended;
  std::vector<join_stream> joined;
  std::vector<stream_data> data;
  std::vector<stream_id> streams_ended;
  std::vector<std::string> order; ///< "open", "refuse", "emit", "reply", "end", "join", "data", "end stream"
};

/// What became of a request that is answered with nothing.
struct ending {
  bool done = false;
  caf::error error;
};

struct spool_record {
  log_lines stored; ///< what `load` answers; grows and is emptied like the file
  int resets = 0;
};

/// See the file's comment. Everything in `world` is a stand-in; tests replace the handles of what they test.
class actor_fixture {
public:
  actor_fixture();
  ~actor_fixture();

  /// Spawns through the house and ends the actor with the test.
  template <class F, class... Ts>
  caf::infer_handle_from_fun_t<F> spawn(F fun, Ts&&... xs) {
    auto handle =
        stibium::spawn(world.births, placement::pool(), {"test", "", "", 0}, std::move(fun), std::forward<Ts>(xs)...);
    end_with_test(handle);
    return handle;
  }
  template <class Handle>
  void end_with_test(const Handle& who) {
    spawned_.push_back(caf::actor_cast<caf::strong_actor_ptr>(who));
  }

  /// Runs every actor until nobody has anything to do.
  void run() { sched.run(); }
  /// Moves the clock, then runs.
  void advance(caf::timespan by);
  /// The time of the house: a fixed day in 2026 plus what `advance` moved.
  time_point now() const;

  /// Requests and runs; the answer, or the error. An answer that does not come is an error with `ec::internal`.
  template <class Result, class Handle, class... Ts>
  caf::expected<Result> ask(const Handle& whom, Ts&&... xs) {
    auto pending = self->request(whom, caf::infinite, std::forward<Ts>(xs)...);
    run();
    caf::expected<Result> result{failure(ec::internal, "no answer")};
    if (!self->has_next_message()) return result;
    pending.receive([&](const Result& x) { result = x; }, [&](caf::error& err) { result = std::move(err); });
    return result;
  }
  /// Requests that are answered with nothing: `caf::none` is success.
  template <class Handle, class... Ts>
  caf::error command(const Handle& whom, Ts&&... xs) {
    auto pending = self->request(whom, caf::infinite, std::forward<Ts>(xs)...);
    run();
    caf::error result = failure(ec::internal, "no answer");
    if (!self->has_next_message()) return result;
    pending.receive([&] { result = caf::none; }, [&](caf::error& err) { result = std::move(err); });
    return result;
  }

  /// Requests and runs, without waiting for the end: it shows in the result.
  template <class Handle, class... Ts>
  std::shared_ptr<ending> begin(const Handle& whom, Ts... xs) {
    auto end = std::make_shared<ending>();
    spawn([=](caf::event_based_actor* me) {
      me->request(whom, caf::infinite, xs...)
          .then([end] { end->done = true; }, [end](caf::error& err) { end->done = true, end->error = std::move(err); });
    });
    run();
    return end;
  }

  terminal_actor make_terminal(std::shared_ptr<terminal_record> record);
  gateway_actor make_gateway(std::shared_ptr<gateway_record> record);
  spool_actor make_spool(std::shared_ptr<spool_record> record);
  supervisor_actor make_supervisor(std::shared_ptr<runtime_record> record);
  // On the records below.
  runtime_actor make_runtime();
  directory_actor make_directory();
  bulletin_actor make_bulletin();
  store_actor make_store();
  accounts_actor make_accounts();
  scheduler_actor make_scheduler();

  caf::actor_system_config cfg;
  caf::actor_system system;
  caf::scheduler::test_coordinator& sched;
  caf::scoped_actor self;

  std::shared_ptr<runtime_record> commands = std::make_shared<runtime_record>(); ///< of the supervisor
  std::shared_ptr<runtime_record> runtime = std::make_shared<runtime_record>();
  std::shared_ptr<terminal_record> terminal = std::make_shared<terminal_record>(); ///< the last that was opened
  std::shared_ptr<store_record> store = std::make_shared<store_record>();
  std::shared_ptr<bulletin_record> bulletin = std::make_shared<bulletin_record>();
  std::shared_ptr<directory_record> directory = std::make_shared<directory_record>();
  std::shared_ptr<accounts_record> accounts = std::make_shared<accounts_record>();
  std::shared_ptr<schedule_record> schedule = std::make_shared<schedule_record>();
  std::shared_ptr<gateway_record> gateway_heard = std::make_shared<gateway_record>();
  std::shared_ptr<spool_record> spool = std::make_shared<spool_record>();

  house world;
  gateway_actor gateway;

private:
  std::vector<caf::strong_actor_ptr> spawned_;
};

/// An admin, and a user without groups.
identity admin();
identity user(std::string name, std::vector<std::string> groups = {});
/// A node of that name in that state, with a container id made from its name.
node_info node(std::string name, node_state state = node_state::running);

} // namespace stibium::test
