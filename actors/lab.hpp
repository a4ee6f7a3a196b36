#pragma once

#include "actors/house.hpp"
#include "actors/lab_machine.hpp"

#include <map>

namespace stibium {

/// What a lab starts with.
struct lab_setup {
  house world; ///< complete; the scheduler may be null
  lab_file file;
  bool deployed_once = false;              ///< has a log from earlier
  std::optional<stored_instance> instance; ///< of an earlier process
  std::vector<journal_entry> cut_off;      ///< commands of an earlier process that did not end
};

/// A lab and what it sends itself: time for another adoption.
using ticking_lab_actor = lab_actor::extend<caf::reacts_to<atom::adopt>>;

/// See `lab_actor`. Does what its machine says, in the machine's order. A command is answered after the directory knows
/// the lab's new state, so that a client which fetches the lab on the ack sees it, and after the store has it, so that
/// it holds even when the process is killed then. Tells the scheduler its times.
struct lab_state {
  static constexpr const char* name = "lab";
  static constexpr std::chrono::seconds store_deadline{10}, directory_deadline{10}, terminal_deadline{30};
  static constexpr std::chrono::seconds adopt_deadline{60}, adopt_again_after{10};
  /// How long a command waits for shells to close.
  static constexpr std::chrono::seconds shells_deadline{3};
  /// Log streams that may fail in one deployment before they stay away.
  static constexpr size_t max_log_failures = 3;

  explicit lab_state(ticking_lab_actor::pointer self)
      : self{self} {}
  ~lab_state();

  void begin(lab_setup setup);
  caf::result<void> command(const lab_command& cmd);
  caf::result<shell_id> open(const open_shell& wish);
  void node_changed(const node_event& event) { apply(machine_->node_changed(event, now())); }
  void file_changed(const lab_file& file) { apply(machine_->file_changed(file)); }
  void file_gone() { apply(machine_->file_gone()); }
  void adopt_again() { apply(machine_->adopt_again()); }
  void down(const caf::down_msg& msg);
  void leave(const caf::exit_msg& msg);

  ticking_lab_actor::pointer self;

private:
  /// A node's log, while the instance lives.
  struct node_log {
    log_stream_actor stream;
    std::vector<std::string> names; ///< announced
    std::string container_id;       ///< of those names
    bool followed = false;
  };
  struct lab_shell {
    shell_actor shell;
    std::string node;
    bool closing = false;
  };
  /// A command on its way to the supervisor: waits for its journal entry and for shells to close.
  struct gate {
    size_t waits = 0;
    std::optional<runtime_command> command;
    bool cancelled = false;
  };

  // lab.cpp: the machine's actions
  void apply(const lab_machine::actions& what);
  void act(const lab_action::start& what);
  void act(const lab_action::cancel&);
  void act(const lab_action::adopt&);
  void act(const lab_action::adopt_later&);
  void act(const lab_action::journal_end&);
  void act(const lab_action::new_log&);
  void act(const lab_action::end_node_logs&);
  void act(const lab_action::save_instance&);
  void act(const lab_action::erase_instance&);
  void act(const lab_action::publish&) { publish_due_ = true; }
  void act(const lab_action::end&);
  void act(const lab_action::settle& what) { settled_.push_back(what); }
  void act(const lab_action::write_line& what);
  void act(const lab_action::tell& what);
  void act(const lab_action::close_shells& what);

  void pass_gate();
  void command_ended(uint64_t which, const command_outcome& outcome);
  void publish();
  void end_if_due();
  void answer(const std::vector<lab_action::settle>& settled);
  void answer(ticket who, const caf::expected<shell_id>& with);
  ticket wait_for(caf::response_promise promise);
  void tell_schedule();
  void tell(severity level, std::string text);
  void store_answered(const caf::error& err);
  template <class... Ts>
  void store(Ts&&... xs); // lab.cpp only

  // lab_streams.cpp: logs and shells
  void open_log(bool restore);
  log_stream_actor make_log(std::string name, spool_actor spool, bool restore);
  void sync_node_logs();
  void announce(const node_info& node, node_log& log);
  void follow(const std::string& node);
  bool log_down(const caf::actor_addr& who);
  void attach_shell(const shell_id& id, const open_shell& wish, ticket who);
  void shell_attached(const shell_info& info, const terminal_actor& terminal, ticket who);
  void shell_failed(const shell_id& id, const caf::error& why, ticket who);

  antimony::lab_access access() const;
  caf::execution_unit* home() const;
  time_point now() const { return world_.now(); }

  house world_;
  std::optional<lab_machine> machine_; // present from `begin` on
  std::map<ticket, caf::response_promise> waiting_;
  ticket last_ticket_ = 0;

  std::vector<lab_action::settle> settled_;   // wait for the next publication
  std::vector<lab_action::settle> kept_back_; // wait for the store
  size_t storing_ = 0;                        // questions to the store under way
  bool publishing_ = false;                   // one at a time: changes meanwhile share the next
  bool publish_due_ = false, ending_ = false, shutting_ = false;

  gate gate_;
  uint64_t command_ = 0; // counts those given to the supervisor
  bool at_supervisor_ = false;
  std::vector<uint64_t> journal_; // entries of what is under way
  bool storage_troubled_ = false;
  std::optional<lab_schedule> scheduled_;

  log_stream_actor log_;
  std::map<std::string, node_log> node_logs_;
  std::map<std::string, lab_shell> shells_; // by shell id, also those that are being opened
  size_t log_failures_ = 0;
};

ticking_lab_actor::behavior_type lab(ticking_lab_actor::stateful_pointer<lab_state> self, lab_setup setup);

} // namespace stibium
