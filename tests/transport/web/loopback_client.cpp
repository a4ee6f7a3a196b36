#include "tests/transport/web/loopback_client.hpp"

#include "tests/transport/web/client_frame.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace stibium::tests {

loopback_client::loopback_client(uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  timeval patience{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
    throw std::runtime_error(std::string{"cannot connect: "} + std::strerror(errno));
}

loopback_client::~loopback_client() {
  if (socket_ >= 0) ::close(socket_);
}

loopback_client::loopback_client(loopback_client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1))
    , buffer_(std::move(other.buffer_)) {}

void loopback_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error(std::string{"cannot send: "} + std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

bool loopback_client::receive() {
  char bytes[64 * 1024];
  auto size = ::recv(socket_, bytes, sizeof bytes, 0);
  if (size < 0 && errno == ECONNRESET) return false;
  if (size < 0) throw std::runtime_error(std::string{"cannot receive: "} + std::strerror(errno));
  buffer_.append(bytes, static_cast<size_t>(size));
  return size > 0;
}

bool loopback_client::closed() {
  while (receive()) buffer_.clear();
  return true;
}

std::string loopback_client::request(std::string_view method, std::string_view target, std::string_view headers,
                                     std::string_view body) {
  std::string text{method};
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
  if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  text.append("\r\n").append(body);
  send(text);
  return answer(method == "HEAD");
}

std::string loopback_client::answer(bool bodiless) {
  size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!receive()) throw std::runtime_error("closed within an answer");
  auto whole = end + 4;
  auto head = buffer_.substr(0, end);
  if (!bodiless && head.find("Content-Length: ") != std::string::npos)
    whole += std::stoul(head.substr(head.find("Content-Length: ") + 16));
  while (buffer_.size() < whole)
    if (!receive()) throw std::runtime_error("closed within a body");
  auto text = buffer_.substr(0, whole);
  buffer_.erase(0, whole);
  return text;
}

std::string loopback_client::upgrade(std::string_view target, std::string_view headers) {
  std::string text{"GET "};
  text.append(target).append(" HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  send(text.append(headers).append("\r\n"));
  return answer();
}

void loopback_client::text(std::string_view message) { send(client_frame(0x81, message)); }

void loopback_client::binary(std::string_view message) { send(client_frame(0x82, message)); }

served_frame loopback_client::frame() {
  for (;;) {
    auto have = [&](size_t size) {
      while (buffer_.size() < size)
        if (!receive()) throw std::runtime_error("closed within a frame");
    };
    have(2);
    auto seven = static_cast<uint8_t>(buffer_[1]);
    size_t header = 2 + (seven == 127 ? 8 : seven == 126 ? 2 : 0), length = seven;
    have(header);
    if (header > 2) length = 0;
    for (size_t i = 2; i < header; ++i) length = length << 8 | static_cast<uint8_t>(buffer_[i]);
    have(header + length);
    auto frame = web::front_frame(buffer_);
    served_frame out{frame.op, std::string{frame.payload}};
    buffer_.erase(0, frame.size);
    if (out.op != web::opcode::text || out.payload != "2") return out;
    text("3");
  }
}

std::string loopback_client::message() {
  auto next = frame();
  if (next.op != web::opcode::text) throw std::runtime_error("not text but " + next.payload);
  return next.payload;
}

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

int status_of(const std::string& answer) { return std::stoi(answer.substr(9, 3)); }

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  auto begin = text.find(before);
  if (begin == std::string::npos) return {};
  begin += before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

} // namespace stibium::tests
