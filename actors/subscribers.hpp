#pragma once

#include "actors/backlog.hpp"
#include "actors/interfaces.hpp"

#include <caf/actor_addr.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/message.hpp>

#include <set>

namespace stibium {

/// The sockets that follow one stream, by gateway: a message to all of them is made once and sent once per gateway.
/// Gateways are monitored, sockets are not. Owned by the stream's actor and used by it only.
class subscribers {
public:
  /// `self` is the stream's actor.
  explicit subscribers(caf::local_actor* self)
      : self_(self) {}

  /// Adds a socket. Adding it again changes nothing.
  void add(const gateway_actor& gateway, connection_id connection, const std::string& nsp);
  /// Adds a socket and tells its gateway so, with the entries that it has missed when it can resume, else with all.
  /// `owner` is the stream's actor.
  void join(const subscription& who, stream_id stream, const stream_owner_actor& owner, overflow policy, backlog& kept);
  /// Removes a socket; false when it was not there.
  bool remove(connection_id connection, const std::string& nsp);
  /// Whether any socket of the connection follows the stream.
  bool has(connection_id connection) const;
  /// Removes all sockets of a gateway that went down, and returns their connections.
  std::vector<connection_id> drop(const caf::actor_addr& gateway);
  /// Sends one message to every gateway that has subscribers.
  void send(const caf::message& what);
  /// Takes the namespace from all and forgets them.
  void end(stream_id stream);

  bool empty() const { return gateways_.empty(); }
  size_t size() const;

private:
  struct group {
    gateway_actor gateway;
    std::set<std::pair<connection_id, std::string>> sockets;
  };

  void tell(const gateway_actor& gateway, caf::message what);

  caf::local_actor* self_;
  std::vector<group> gateways_; // as many as there are io threads
};

} // namespace stibium
