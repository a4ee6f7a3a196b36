#pragma once

#include "actors/backlog.hpp"
#include "actors/house.hpp"
#include "actors/subscribers.hpp"

namespace stibium {

/// What a log stream starts with.
struct log_stream_setup {
  limits bounds;
  spool_actor spool;    ///< keeps the log on disk; may be null
  bool restore = false; ///< begins with what the spool holds; until that is loaded, subscriptions wait
};

/// See `log_stream_actor`. Lines are cleaned (UTF-8, no CR at the end), cut where they are too long, and encoded once.
struct log_stream_state {
  static constexpr const char* name = "log_stream";
  /// Subscriptions that may wait for the spool; more are refused with `queue_full`.
  static constexpr size_t max_waiting = 1024;
  /// How long the spool may take to load; after that the log begins empty and says so.
  static constexpr std::chrono::seconds load_deadline{30};

  explicit log_stream_state(log_stream_actor::pointer self)
      : self{self}
      , subscribers_{self} {}
  ~log_stream_state();

  void begin(log_stream_setup setup);
  caf::result<void> subscribe(const subscription& who);
  void add(log_lines& lines);
  void reset();
  void close();
  void leave(const leave_stream& who) { subscribers_.remove(who.connection, who.nsp); }
  void gateway_down(const caf::actor_addr& gateway) { subscribers_.drop(gateway); }

  log_stream_actor::pointer self;

private:
  struct waiting_subscription {
    subscription who;
    caf::response_promise promise;
  };

  void restored(std::vector<std::string> lines, const std::string& trouble);
  void join(const subscription& who);
  void publish(std::vector<std::string> lines, bool spooled);
  void write_spool();
  void spool_failed(const caf::error& err);

  limits bounds_;
  stream_id stream_ = next_stream_id();
  backlog log_;
  subscribers subscribers_;

  bool restoring_ = false;
  bool discard_restored_ = false;           // a new log began while the old one was being loaded
  std::vector<std::string> early_lines_;    // came while restoring
  std::vector<waiting_subscription> early_; // likewise

  spool_actor spool_;
  std::deque<std::string> unspooled_; // bounded like the backlog: what is older than that is of no use on disk
  size_t unspooled_bytes_ = 0;
  bool spooling_ = false; // one request at a time is under way
  bool spool_troubled_ = false;
};

log_stream_actor::behavior_type log_stream(log_stream_actor::stateful_pointer<log_stream_state> self,
                                           log_stream_setup setup);

} // namespace stibium
