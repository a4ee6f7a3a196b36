#pragma once

#include "actors/backlog.hpp"
#include "actors/house.hpp"

#include <array>
#include <deque>
#include <unordered_map>

namespace stibium {

/// What a bulletin starts with.
struct bulletin_setup {
  std::function<time_point()> now = [] { return std::chrono::system_clock::now(); }; ///< stamps status messages
};

/// See `bulletin_actor`. Each of its three namespaces is numbered for itself.
struct bulletin_state {
  static constexpr const char* name = "bulletin";
  /// What is kept of each namespace for those who resume.
  static constexpr size_t kept_events = 1024, kept_bytes = 1024 * 1024;

  explicit bulletin_state(bulletin_actor::pointer self)
      : self{self} {}

  void begin(bulletin_setup setup);
  caf::result<void> subscribe(const bulletin_subscription& who);
  void leave(const leave_stream& who);
  void tell(const status_message& message);
  void tell(const lab_update& update);
  void tell(const shell_notice& notice);
  void drop(const caf::actor_addr& gateway);

  bulletin_actor::pointer self;

private:
  /// Who may get an event.
  struct audience {
    std::optional<antimony::lab_access> about;
    std::string only_user;
  };
  struct event {
    uint64_t seq = 0;
    audience whom;
    std::string json;
  };
  struct subscriber {
    gateway_actor gateway;
    identity user;
  };
  /// One namespace.
  struct channel {
    std::string nsp;
    uint64_t last_seq = 0;
    std::deque<event> kept;
    size_t bytes = 0;
    std::unordered_map<uint64_t, subscriber> subscribers; // by connection
  };

  static bool may_get(const identity& who, const audience& whom);
  channel* find(const std::string& nsp);
  void publish(channel& where, audience whom, std::string json);

  std::function<time_point()> now_;
  std::array<channel, 3> channels_;
  std::unordered_map<gateway_actor, size_t> gateways_; // how many subscribers each has; monitored
};

bulletin_actor::behavior_type bulletin(bulletin_actor::stateful_pointer<bulletin_state> self, bulletin_setup setup);

} // namespace stibium
