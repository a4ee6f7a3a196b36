#pragma once

#include "transport/io/poller.hpp"
#include "transport/io/socket_batch.hpp"
#include "transport/io/wheel_clock.hpp"
#include "transport/web/engine_options.hpp"
#include "transport/web/engine_session.hpp"
#include "transport/web/flusher.hpp"
#include "transport/web/intake.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/circular_buffer.hpp>
#include <boost/intrusive/list.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stibium::web {

class http_connection;
struct handed_over;

/// All of the web side that lives on one io thread: its acceptor, its connections and sessions, its clock. A session
/// belongs to one shard, which its id names; requests for it that reach another shard are handed over with their
/// socket.
class shard {
public:
  /// At most this many can work together: a session id names its shard by one character.
  static constexpr size_t max_shards = 64;

  /// `acceptor` listens already; `peers` are all shards, by index, and complete before the first one begins.
  shard(boost::asio::io_context& context, size_t index, const engine_options& options, counters& counted,
        const std::vector<std::unique_ptr<shard>>& peers, boost::asio::ip::tcp::acceptor acceptor);
  ~shard();
  shard(const shard&) = delete;
  shard& operator=(const shard&) = delete;

  // -- life; on its thread --------------------------------------------------------------------------------------------

  /// Begins to accept, with what sits above its sessions; `sink` must stay until `detach`.
  void begin(session_sink& sink);
  /// Stops accepting, ends all connections politely; calls `quiet` once all are gone.
  void begin_shutdown(std::function<void()> quiet);
  /// Cuts off what is still there.
  void cut_off();
  /// The sink goes: sessions that are left are closed.
  void detach();

  // -- for what lives here --------------------------------------------------------------------------------------------

  boost::asio::io_context& context() { return context_; }
  const engine_options& options() const { return options_; }
  counters& counted() { return counted_; }
  session_sink& sink() { return *sink_; }
  flusher& flushes() { return flusher_; }
  io::poller& polled() { return poller_; }
  io::socket_batch& batch() { return batch_; }
  intake& intakes() { return intake_; }
  const engineio::session_times& times() const { return times_; }
  /// Now, on the clock of the session machines.
  engineio::millis now() const;
  void arm(io::deadline& what, io::deadline::clock::duration after) { clock_.arm(what, after); }
  void arm_at(io::deadline& what, io::deadline::clock::time_point due) { clock_.arm_at(what, due); }
  bool stopping() const { return stopping_; }

  void enlist(websocket& what);
  void delist(websocket& what);
  void enlist(std::shared_ptr<http_connection> what);
  void delist(const http_connection& what);
  void http_begins();
  void http_ended();

  // -- sessions -------------------------------------------------------------------------------------------------------

  /// Whether there may be one more session.
  bool has_room() const { return sessions_.size() < options_.max_sessions; }
  /// A new session with an id that nobody can guess.
  session_ptr make_session(engineio::transport on);
  /// The session of this shard with that id, or null.
  session_ptr find(std::string_view sid) const;
  /// The shard that a session id names, if there is one; where to look is all that it tells.
  shard* home_of(std::string_view sid) const;
  /// Takes over a request, with its socket, that came to another shard. From any thread.
  void hand_over(handed_over what);
  /// The session is closed.
  void forget(engine_session& what, close_cause why);
  /// Its client has closed it while no poll waited; one that crosses with the close is answered.
  void expect_last_poll(std::string_view sid);
  /// Whether a poll for a session that is not there is such a one; only the first is.
  bool is_last_poll(std::string_view sid);

private:
  void accept();
  void welcome(boost::asio::ip::tcp::socket socket);
  void check_quiet();

  boost::asio::io_context& context_;
  size_t index_;
  const engine_options& options_;
  counters& counted_;
  const std::vector<std::unique_ptr<shard>>& peers_;
  engineio::session_times times_;
  session_sink* sink_ = nullptr;
  boost::asio::ip::tcp::acceptor acceptor_;
  io::wheel_clock clock_;
  io::poller poller_;
  io::socket_batch batch_;
  io::deadline accept_again_;
  boost::intrusive::list<websocket> websockets_;
  std::unordered_map<const http_connection*, std::shared_ptr<http_connection>> http_;
  std::unordered_map<std::string_view, session_ptr> sessions_; ///< keys lie in the sessions
  boost::circular_buffer<std::string> last_polls_;             ///< session ids
  size_t http_alive_ = 0;                                      ///< with those that only wait for their last handler
  std::function<void()> quiet_;
  bool stopping_ = false;
  // Go first, and let go of connections, which take leave here.
  intake intake_;
  flusher flusher_;
};

} // namespace stibium::web
