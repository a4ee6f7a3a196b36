#pragma once

#include "transport/web/websocket_frame.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace stibium::tests {

/// A frame that a server has sent.
struct served_frame {
  web::opcode op{};
  std::string payload;
};

/// A client on loopback that blocks, for at most ten seconds at a time; then, and when the server closes, it throws.
class loopback_client {
public:
  /// `receive_buffer` bounds what the kernel takes for a client that does not read; 0: as usual.
  explicit loopback_client(uint16_t port, int receive_buffer = 0);
  ~loopback_client();
  loopback_client(loopback_client&& other) noexcept;
  loopback_client(const loopback_client&) = delete;
  loopback_client& operator=(const loopback_client&) = delete;

  void send(std::string_view bytes);

  /// Sends a request and returns the whole answer: head and body.
  std::string request(std::string_view method, std::string_view target, std::string_view headers = {},
                      std::string_view body = {});
  /// The next answer. `bodiless`: it is one to HEAD.
  std::string answer(bool bodiless = false);

  /// Becomes a WebSocket; returns the answer's head.
  std::string upgrade(std::string_view target, std::string_view headers = {});
  /// Sends one text message.
  void text(std::string_view message);
  void binary(std::string_view message);
  /// The next frame; answers Engine.IO pings and leaves them out.
  served_frame frame();
  /// The next frame's payload; it must be text.
  std::string message();

  /// Whether the server closes: nothing more comes.
  bool closed();

private:
  bool receive(); // false: the server has closed

  int socket_;
  std::string buffer_;
};

/// The body of an answer.
std::string body_of(const std::string& answer);
/// Its status.
int status_of(const std::string& answer);
/// The value between two texts.
std::string between(const std::string& text, const std::string& before, const std::string& after);

} // namespace stibium::tests
