#pragma once

#include "transport/io/timing_wheel.hpp"
#include "transport/web/engine_session.hpp"
#include "transport/web/http_message.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <optional>
#include <string>

namespace stibium::web {

class shard;

/// A request on its way to another shard, with the socket that it came on.
struct handed_over {
  handed_over() = default;
  handed_over(handed_over&& other) noexcept;
  handed_over& operator=(handed_over&&) = delete;
  ~handed_over(); ///< closes the socket unless somebody took it

  int socket = -1;
  bool ipv6 = false;
  std::string behind; ///< bytes that came behind the request
  http_request request;
  answer_terms terms;
};

/// A client's connection while it speaks HTTP: reads one request after the other, bounded in size and time, has each
/// answered and sends the answers. Becomes a WebSocket by giving its socket away. Lives on one io thread.
class http_connection : public std::enable_shared_from_this<http_connection> {
public:
  http_connection(shard& home, boost::asio::ip::tcp::socket socket);
  ~http_connection();

  /// Begins to read requests.
  void start();

  /// Continues a connection that came from another shard with a request of a session here.
  static void resume(shard& home, handed_over what);

  /// Answers the request that was read. Exactly once per request.
  void reply(http_response answer);
  /// Answers a GET of long-polling.
  void reply_poll(std::string payload);
  /// The request is a GET that waits: the session hears when its client hangs up.
  void wait_for(session_ptr session);

  /// Gives the socket away; the connection is over. `behind` gets what came behind the request.
  boost::asio::ip::tcp::socket release(std::string& behind);

  /// Ends after the answer under way, at once when there is none.
  void finish_soon();
  /// Ends at once.
  void abort();

  /// The client's address.
  std::string remote() const;

private:
  using tcp = boost::asio::ip::tcp;
  using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class stage : uint8_t { idle, header, body, answering, writing, lingering, over };

  void read_request();
  void read_header();
  void on_header();
  void invite_body();
  void read_body();
  void on_request();
  void on_read_error(const boost::system::error_code& failed);
  void serve(http_request request);
  void hand_over(shard& to, http_request request);
  void serve_handler(http_request request);
  void refuse(int status);
  void after_answer();
  void passed();
  void linger();
  void end();

  shard& home_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  std::optional<parser> parser_;
  io::deadline deadline_;
  answer_terms terms_;
  session_ptr waits_for_;
  stage stage_ = stage::idle;
  bool closing_ = false;  ///< ends after the answer
  bool refused_ = false;  ///< the request may not have been read to its end
  bool watching_ = false; ///< for the client hanging up
};

} // namespace stibium::web
