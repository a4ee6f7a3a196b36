#pragma once

#include "actors/error.hpp"
#include "actors/messages.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace stibium {

/// Who waits for a command; 0 is nobody.
using ticket = uint64_t;

/// Why something was not done.
struct refusal {
  ec code = ec::internal;
  std::string text; ///< for people
};

/// How a runtime command ended.
struct command_outcome {
  std::optional<refusal> error;
  std::vector<node_info> nodes; ///< as they are now; without an error
};

/// What a lab machine wants done, in the order of the list that it returns.
namespace lab_action {

/// Enter the command into the journal, close what must be closed, then give it to the runtime.
struct start {
  lab_verb verb = lab_verb::deploy;
  std::string node;
  bool redeploy = false;
};
struct cancel {};         ///< cut the command at the runtime off
struct adopt {};          ///< ask the runtime for the instance of an earlier process
struct adopt_later {};    ///< the runtime was not reached: call `adopt_again` after a while
struct journal_end {};    ///< nothing is under way any more
struct new_log {};        ///< a deployment begins: the lab's log is emptied, and exists from now on
struct end_node_logs {};  ///< the nodes are gone
struct save_instance {};  ///< keep `where()` and `state()`
struct erase_instance {}; ///< the instance is gone
struct publish {};        ///< `view()` has changed
struct end {};            ///< the lab is over

/// Answers a command.
struct settle {
  ticket who = 0;
  std::optional<refusal> error;
};
/// A line for the lab's log.
struct write_line {
  std::string text;
};
/// A status message about the lab.
struct tell {
  severity level = severity::info;
  std::string content;
};
/// Shells to close before the next `start`.
struct close_shells {
  std::string node; ///< empty: those of all nodes
  std::string reason;
};

using any = std::variant<start, cancel, adopt, adopt_later, journal_end, new_log, end_node_logs, save_instance,
                         erase_instance, publish, end, settle, write_line, tell, close_shells>;

} // namespace lab_action

/// What a lab is and may become: event in, actions out. Knows no actor, no clock, no file; every rule of the contract's
/// "Commands" table that concerns a lab's state is here.
///
/// One command runs at a time. A destroy or a redeploy cuts a running one off, which is then answered with `cancelled`,
/// however it ended. Node commands wait for each other, at most `max_waiting`; while the lab is being deployed or
/// destroyed they are refused. A destroy while one runs waits for it and gets the same answer; at most `max_waiting`
/// do. After `end` everything is refused.
class lab_machine {
public:
  using actions = std::vector<lab_action::any>;
  /// The names of the nodes in a topology text, in its order; empty when it cannot be read.
  using node_lister = std::function<std::vector<std::string>(const std::string&)>;
  /// The milliseconds in the name of an instance that begins now. No two labs may get the same: topologies share names.
  using stamper = std::function<int64_t(time_point)>;
  static constexpr size_t max_waiting = 64;

  /// A lab without an instance. `run_folder`: where instances live.
  lab_machine(lab_file file, bool deployed_once, std::string run_folder, node_lister list_nodes, stamper stamp);

  /// The first event of a lab: what an earlier process left. Must come before all others.
  actions resume(const std::optional<stored_instance>& left, const std::vector<journal_entry>& cut_off, time_point now);
  /// A user's command. `who` is settled exactly once, now or later.
  actions command(const lab_command& cmd, ticket who, time_point now);
  /// The command of the last `start` has ended.
  actions ended(const command_outcome& outcome, time_point now);
  /// The runtime has answered an `adopt`.
  actions adopted(const command_outcome& outcome, time_point now);
  /// Time for another try, after `adopt_later`.
  actions adopt_again();
  actions node_changed(const node_event& event, time_point now);
  /// Used from the next deployment on.
  actions file_changed(lab_file file);
  /// The lab ends as soon as it has no instance.
  actions file_gone();

  /// Why a shell cannot be opened in a node now; nothing when it can.
  std::optional<refusal> refuses_shell(const std::string& node) const;

  lab_state_code state() const { return state_; }
  time_point since() const { return since_; }
  const lab_file& file() const { return file_; }
  const std::optional<instance_ref>& where() const { return instance_; }
  const std::vector<node_info>& nodes() const { return nodes_; }
  const node_info* find_node(const std::string& name) const;
  bool deployed_once() const { return deployed_once_; }
  /// Whether a command or an adoption is under way.
  bool busy() const { return job_.has_value(); }
  lab_view view(time_point now) const;

private:
  enum class purpose : uint8_t { command, adoption, clean_up };
  struct job {
    purpose why = purpose::command;
    lab_verb verb = lab_verb::deploy;
    std::string node, user;
    ticket who = 0;
    std::string cut_by; ///< why it is cut off, for people; empty when it is not
  };

  void deploy(job wish, time_point now);
  void destroy(job wish, time_point now);
  void node_command(job wish);
  std::optional<refusal> refuses_node_command(const job& wish) const;
  std::optional<refusal> refuses_node_state(const job& wish) const;

  void supersede(job by, const std::string& reason);
  void begin(job what, time_point now);
  void begin_deploy(time_point now);
  void begin_destroy();
  void begin_node_command();
  void go_on(time_point now);
  void end_if_gone();

  void end_deploy(const job& done, const command_outcome& outcome, time_point now);
  void end_destroy(const job& done, const command_outcome& outcome, time_point now);
  void end_node_command(const job& done, const command_outcome& outcome);
  void end_cut_off(const job& done, const command_outcome& outcome);
  void forget_instance(time_point now);
  void take_nodes(const job& done, const std::vector<node_info>& nodes);

  void enter(lab_state_code state, time_point now);
  void settle(ticket who, std::optional<refusal> error = {});
  void settle_destroyers(const std::optional<refusal>& error);
  void line(std::string text) { out_.push_back(lab_action::write_line{std::move(text)}); }
  void tell(severity level, std::string text) { out_.push_back(lab_action::tell{level, std::move(text)}); }
  template <class Action>
  void act(Action what = {}) {
    out_.push_back(std::move(what));
  }
  actions take_out() { return std::exchange(out_, {}); }

  lab_file file_;
  std::string run_folder_;
  node_lister list_nodes_;
  stamper stamp_;
  bool deployed_once_ = false, gone_ = false, over_ = false, recovered_ = false, adoption_due_ = false;
  lab_state_code state_ = lab_state_code::inactive;
  time_point since_{};
  std::optional<instance_ref> instance_;
  std::vector<std::string> topology_nodes_; ///< of the instance
  std::vector<node_info> nodes_;
  std::set<std::string> exited_meanwhile_; ///< nodes that exited while the running command went on

  std::optional<job> job_;         ///< at the runtime
  std::optional<job> next_;        ///< a deploy or destroy that waits for the job that it cuts off
  std::deque<job> waiting_;        ///< node commands
  std::vector<ticket> destroyers_; ///< who waits for the destroy besides the first
  actions out_;
};

} // namespace stibium
