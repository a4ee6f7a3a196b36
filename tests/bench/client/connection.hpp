#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stibium::bench {

/// A Socket.IO client over a raw WebSocket, with nothing in it that costs time: no JSON, no allocation per message.
/// Throws `std::runtime_error` for whatever must not happen in a benchmark.
class connection {
public:
  connection() = default;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Connects to 127.0.0.1, upgrades, and joins one namespace; blocks until the server has accepted it. From then on
  /// the socket does not block. Connection state recovery is declined, so that no server adds offsets to its packets.
  void open(uint16_t port, const std::string& nsp, const std::string& token);

  /// The socket, for epoll.
  int fd() const { return fd_; }

  /// Sends one text message. The sockets' buffers are never full here: a short write throws.
  void send(std::string_view text);

  /// Reads once and calls `on_message(std::string_view)` for every text message but pings, which it answers.
  template <class F>
  void read(F&& on_message) {
    // Once: epoll tells again when there is more.
    std::string_view text;
    if (fill())
      while (next(text)) on_message(text);
  }

private:
  bool fill();
  bool next(std::string_view& text);
  std::string wait_for(std::string_view prefix);

  int fd_ = -1;
  std::string in_;
  size_t begin_ = 0, end_ = 0;
};

} // namespace stibium::bench
