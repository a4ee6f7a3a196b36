#include "transport/io/socket_batch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

/// \file
/// The least that a server can do for the benchmark's client: one receive per request, one send per answer or for all
/// lines in flight together, many of these in one system call, and answers that are ready made. It understands nothing,
/// checks nothing and is no server. What it reaches is about what the machine's sockets allow a server on one thread.

namespace {

constexpr size_t lines_in_flight = 4, line_bytes = 100; // as the client has them
constexpr int looks_for_more = 200;                     // at the sockets, before fewer lines than that go out

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string{what} + ": " + std::strerror(errno));
}

std::string frame(std::string_view text) {
  std::string out{'\x81'};
  if (text.size() < 126) {
    out += static_cast<char>(text.size());
  } else {
    out += static_cast<char>(126);
    out += static_cast<char>(text.size() >> 8);
    out += static_cast<char>(text.size() & 0xff);
  }
  return out.append(text);
}

void send_all(int socket, std::string_view bytes) {
  const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  check(sent == static_cast<ssize_t>(bytes.size()), "send");
}

class server {
public:
  server(std::string log, int listener)
      : log_(std::move(log))
      , listener_(listener)
      , epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    check(epoll_ >= 0, "epoll_create1");
    watch(listener_, EPOLLIN);
    const auto line = frame("42" + log_ + ",[\"data\",\"" + std::string(line_bytes, 'x') + "\"]");
    for (size_t i = 1; i < bursts_.size(); ++i) bursts_[i] = bursts_[i - 1] + line;
  }

  [[noreturn]] void run() {
    for (;;) {
      std::array<epoll_event, 256> events;
      const auto ready = ::epoll_wait(epoll_, events.data(), events.size(), lines_ > 0 ? 0 : -1);
      for (int i = 0; i < ready; ++i) read(events[static_cast<size_t>(i)].data.fd);
      for (const auto& [socket, answer] : answers_) send_soon(socket, answer);
      send_now();
      answers_.clear();
      if (lines_ == 0 || (lines_ < lines_in_flight && looks_++ < looks_for_more)) continue;
      for (const auto socket : followers_) send_soon(socket, bursts_[std::min(lines_, lines_in_flight)]);
      send_now();
      lines_ -= std::min(lines_, lines_in_flight);
      looks_ = 0;
    }
  }

private:
  void watch(int socket, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = socket;
    check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0, "epoll_ctl");
  }

  void send_soon(int socket, const std::string& bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    sends_.send(socket, {&piece, 1});
    if (sends_.full()) send_now();
  }

  void send_now() {
    for (const auto sent : sends_.submit())
      if (sent < 0) throw std::runtime_error(std::string{"send: "} + std::strerror(static_cast<int>(-sent)));
  }

  void read(int socket) {
    if (socket == listener_) {
      const auto fresh = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      const int on = 1;
      check(fresh >= 0 && ::setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "accept4");
      return watch(fresh, EPOLLIN | EPOLLET);
    }
    const auto got = ::recv(socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) {
      std::erase(followers_, socket);
      ::close(socket);
    } else if (buffer_.front() == 'G') { // GET: the client waits for the answer before it sends more
      send_all(socket, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" +
                           frame("0{\"sid\":\"bare\"}"));
    } else {
      take(socket, static_cast<size_t>(got));
    }
  }

  /// Frames come whole: the client sends each in one piece, on loopback.
  void take(int socket, size_t size) {
    for (size_t at = 0; at + 6 <= size;) {
      auto* bytes = buffer_.data() + at;
      size_t head = 2, length = bytes[1] & 0x7f;
      if (length == 126) {
        head = 4;
        length = static_cast<size_t>(static_cast<unsigned char>(bytes[2])) << 8 | static_cast<unsigned char>(bytes[3]);
      }
      auto* payload = bytes + head + 4;
      for (size_t i = 0; i < length; ++i) payload[i] = static_cast<char>(payload[i] ^ bytes[head + (i & 3)]);
      message(socket, {payload, length});
      at += head + 4 + length;
    }
  }

  void message(int socket, std::string_view text) {
    constexpr std::string_view command = "42/lab-commands,";
    if (text.starts_with("40")) {
      const auto nsp = text.substr(2, text.find(',') - 2);
      if (nsp == log_) followers_.push_back(socket);
      send_all(socket, frame("40" + std::string{nsp} + ",{\"sid\":\"bare\"}"));
    } else if (text.starts_with(command)) {
      const auto ack = text.substr(command.size(), text.find('[') - command.size());
      answers_.emplace_back(socket, frame("43/lab-commands," + std::string{ack} + "[{\"payload\":[]}]"));
    } else if (text.starts_with("42")) {
      ++lines_;
    }
  }

  std::string log_;
  int listener_, epoll_;
  std::array<std::string, lines_in_flight + 1> bursts_;
  std::array<char, 65536> buffer_{};
  std::vector<int> followers_;
  std::vector<std::pair<int, std::string>> answers_;
  size_t lines_ = 0;
  int looks_ = 0;
  stibium::io::socket_batch sends_;
};

int listen_on_loopback() {
  const auto listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  auto* address = reinterpret_cast<sockaddr*>(&here);
  check(listener >= 0 && ::bind(listener, address, size) == 0 && ::listen(listener, 1024) == 0, "listen");
  check(::getsockname(listener, address, &size) == 0, "getsockname");
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(here.sin_port));
  std::fflush(stdout);
  return listener;
}

} // namespace

/// Arguments: the log's namespace; more are ignored.
int main(int argc, char** argv) {
  try {
    check(argc > 1, "the log's namespace is missing");
    // System calls of a process with several threads cost a little more, and every real server has several.
    std::thread{[] { ::pause(); }}.detach();
    server{argv[1], listen_on_loopback()}.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bare: %s\n", error.what());
    return 1;
  }
}
