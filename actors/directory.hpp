#pragma once

#include "actors/house.hpp"

#include <deque>
#include <map>
#include <unordered_map>

namespace stibium {

struct lab_setup; // actors/lab.hpp

/// What a directory starts with.
struct directory_setup {
  house world; ///< all but the directory itself
  /// Of an earlier process: its labs get their logs, instances and interrupted commands back. Instances whose topology
  /// file is gone get a lab as well, so that they can be destroyed.
  stored_state state;
  /// Makes a lab; the setup's world names this directory. The directory ends the labs that it made when it ends.
  std::function<lab_actor(lab_setup)> make_lab;
};

/// See `directory_actor`.
struct directory_state {
  static constexpr const char* name = "directory";
  /// A lab that fails this often within `crash_window` stays down.
  static constexpr size_t max_crashes = 3;
  static constexpr std::chrono::seconds crash_window{60};
  /// How long the store may take to say what a failed lab had.
  static constexpr std::chrono::seconds load_deadline{10};
  /// Sockets that can be resumed; when there are more, those go first that were lost first.
  static constexpr size_t max_presences = 65536;

  explicit directory_state(directory_actor::pointer self)
      : self{self} {}
  ~directory_state();

  void begin(directory_setup setup);

  // Labs: directory_labs.cpp.
  void add(const lab_file& file);
  void remove(const lab_file_gone& file);
  void update(const lab_view& view);
  void lab_down(const caf::down_msg& msg);
  caf::result<lab_ref> lookup(const lab_id& lab, const identity& who) const;
  std::vector<lab_view> describe(const identity& who) const;
  caf::result<lab_view> describe(const lab_id& lab, const identity& who) const;

  // Streams and shells: directory_streams.cpp.
  caf::result<stream_ref> find(const std::string& nsp, const identity& who) const;
  void announce(const announce_stream& what);
  void withdraw(const withdraw_stream& what);
  caf::result<std::vector<shell_info>> list(const lab_id& lab, const identity& who) const;
  caf::result<shell_actor> find(const lab_id& lab, const shell_id& shell, const identity& who) const;
  caf::result<shell_id> reserve(const identity& who);
  void opened(const shell_opened& what);
  void release(const shell_id& shell);
  void forget_streams_of(const lab_id& lab);
  void stream_down(const caf::actor_addr& who);

  // Connection state recovery: directory_presence.cpp.
  void note(const socket_presence& socket);
  caf::result<std::string> reclaim(const std::string& pid, const std::string& nsp, const std::string& user_id);

  void down(const caf::down_msg& msg);

  directory_actor::pointer self;

private:
  using clock_point = std::chrono::steady_clock::time_point;

  struct lab_entry {
    lab_file file;
    lab_view view;
    lab_actor lab;                           // null while it is down
    bool has_file = false;                   // false for instances whose file is gone
    bool gone = false;                       // the lab has been told that its file is gone
    bool announce = false;                   // clients are to fetch it once it has told how it is
    bool given_up = false;                   // it failed too often
    bool deployed_once = false;              // has a log
    std::optional<stored_instance> instance; // as last read from the store
    std::deque<clock_point> crashes;
  };
  struct stream_entry_ref {
    lab_id lab;
    stream_actor stream; // monitored
  };
  struct shell_entry {
    uint64_t order = 0;
    shell_info info;
    shell_actor shell;           // null while it is only reserved; monitored
    caf::actor_addr reserved_by; // the lab that opens it
  };
  struct presence {
    std::string sid, nsp, user_id;
    size_t holders = 0; // sessions that have the socket open
    uint64_t loss = 0;  // its number in `losses_`, while nobody holds it
  };
  struct loss {
    std::string pid;
    uint64_t order;
    clock_point when;
  };

  static antimony::lab_access access(const lab_entry& entry);
  void adopt(const stored_state& stored);
  void launch(lab_entry& entry, const std::vector<journal_entry>& journal);
  void reload(const std::string& id);
  void relaunch(const std::string& id, const stored_state* stored);
  void give_up(lab_entry& entry, const caf::error& why);
  void erase(std::map<std::string, lab_entry>::iterator which);
  bool follows(const caf::actor_addr& stream) const;
  void purge_presences();
  void drop_oldest_loss();
  /// The lab for a user: `lab_not_found`, `no_access`.
  caf::expected<const lab_entry*> visible(const lab_id& lab, const identity& who) const;

  house world_;
  std::function<lab_actor(lab_setup)> make_lab_;
  std::map<std::string, stored_lab> seen_; // labs of an earlier process
  std::vector<journal_entry> journal_;     // what an earlier process was cut off from
  std::map<std::string, lab_entry> labs_;
  std::unordered_map<std::string, stream_entry_ref> streams_; // by namespace
  std::map<std::string, shell_entry> shells_;
  std::unordered_map<std::string, presence> presences_; // by pid
  std::deque<loss> losses_;                             // in the order of time
  uint64_t order_ = 0;
};

directory_actor::behavior_type directory(directory_actor::stateful_pointer<directory_state> self,
                                         directory_setup setup);

} // namespace stibium
