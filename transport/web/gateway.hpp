#pragma once

#include "actors/interfaces.hpp"
#include "protocol/socketio/connection.hpp"
#include "transport/web/engine_session.hpp"
#include "transport/web/server.hpp"
#include "transport/web/stream_frames.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace stibium::web {

class shard;
struct gateway_client;
struct gateway_stream;

/// A name under which sockets watch a stream here; what goes to it is encoded once for all of them.
struct stream_variant {
  stream_encoder encode;
  std::vector<stream_chunk> chunks; ///< of the data under way
  size_t sockets = 0;
};

/// A socket that watches a stream.
struct stream_watch {
  gateway_client* who = nullptr;
  gateway_stream* of = nullptr;
  stream_variant* as = nullptr;
  overflow policy = overflow::skip;
  bool congested = false; ///< the owner has been told
  size_t skipped = 0;     ///< entries, not told to the client yet
  uint64_t last_skipped_seq = 0;
  size_t at = 0; ///< in the stream's list
};

/// A stream with watchers on this io thread.
struct gateway_stream {
  stream_id id;
  stream_owner_actor owner;
  std::vector<std::unique_ptr<stream_variant>> variants;
  std::vector<stream_watch*> watches;
};

/// A namespace that a client has open.
struct gateway_socket {
  std::string nsp;
  bool offsets = false;                ///< takes part in connection state recovery
  socket_owner_actor owner;            ///< of a namespace that is no stream; may be null
  std::unique_ptr<stream_watch> watch; ///< of one that is
};

/// A client, as the gateway knows it.
struct gateway_client final : session_attachment {
  gateway_client(engine_session& on, const socketio::connection_limits& limits);
  gateway_socket* find(std::string_view nsp);

  engine_session& session;
  session_actor actor;
  socketio::connection protocol;
  io::deadline connect_by; ///< the first namespace must have been asked for
  std::vector<gateway_socket> sockets;
};

/// See `gateway_actor`. Its clients' messages come straight from their sockets on the io thread that the actor is
/// pinned to; they go on as actor messages.
struct gateway_state : session_sink {
  static constexpr const char* name = "gateway";
  explicit gateway_state(gateway_actor::pointer self)
      : self{self} {}
  ~gateway_state() override;

  void begin(shard& where, caf::execution_unit* unit, std::shared_ptr<const server_options> how);

  // from sockets
  void opened(engine_session& on, client_info client) override;
  void text(engine_session& on, std::string_view message) override;
  void binary(engine_session& on, std::string_view message) override;
  void relieved(engine_session& on) override;
  void closed(engine_session& on, close_cause why) override;

  // from actors
  void open(const open_namespace& what);
  void refuse(const refuse_namespace& what);
  void emit(const emit_event& what);
  void ack(const reply& what);
  void end(const end_namespace& what);
  void join(const join_stream& what);
  void data(const stream_data& what);
  void end(const end_stream& what);
  void down(const caf::down_msg& what);

private:
  gateway_client* client_of(connection_id which);
  void act(gateway_client& on, const socketio::action& what);
  gateway_socket& add_socket(gateway_client& on, const std::string& nsp, const std::string& sid,
                             const std::string& pid);
  void leave(gateway_client& on, std::string_view nsp, bool tell_owner);
  void take_away(gateway_client& on, const std::string& nsp); ///< after `leave`: tells the client and its session
  stream_variant& variant_for(gateway_stream& of, const std::string& nsp, bool offsets);
  void push(stream_watch& watch, const stream_chunk& chunk);
  void tell_skipped(stream_watch& watch);
  void unwatch(stream_watch& watch);

  gateway_actor::pointer self;
  caf::execution_unit* unit_ = nullptr; ///< that of the io thread
  shard* home_ = nullptr;
  std::shared_ptr<const server_options> options_;
  socketio::connection_limits limits_;
  std::unordered_map<uint64_t, gateway_client*> clients_;
  std::unordered_map<uint64_t, std::unique_ptr<gateway_stream>> streams_;
  std::string text_; ///< of the ack that is being sent; keeps its memory for the next
};

/// The gateway of one io thread; the shard begins to accept once it runs.
gateway_actor::behavior_type gateway(gateway_actor::stateful_pointer<gateway_state> self, shard* where,
                                     caf::execution_unit* unit, std::shared_ptr<const server_options> how);

} // namespace stibium::web
