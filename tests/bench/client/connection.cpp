#include "connection.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace stibium::bench {

namespace {

constexpr size_t read_size = 64 * 1024;
constexpr int patience_ms = 10'000;
constexpr unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + (errno ? std::string(": ") + std::strerror(errno) : ""));
}

/// A masked text frame.
std::string frame(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  out += '\x81';
  if (text.size() < 126) {
    out += static_cast<char>(0x80 | text.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(text.size() >> 8);
    out += static_cast<char>(text.size() & 0xff);
  }
  out.append(reinterpret_cast<const char*>(mask), 4);
  for (size_t i = 0; i < text.size(); ++i) out += static_cast<char>(static_cast<unsigned char>(text[i]) ^ mask[i & 3]);
  return out;
}

} // namespace

connection::~connection() {
  if (fd_ >= 0) ::close(fd_);
}

void connection::send(std::string_view text) {
  const auto bytes = frame(text);
  if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) != static_cast<ssize_t>(bytes.size()))
    fail("send");
}

/// Reads once; false when nothing is there.
bool connection::fill() {
  if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (in_.size() < end_ + read_size) in_.resize(end_ + read_size);
  const auto got = ::recv(fd_, in_.data() + end_, in_.size() - end_, MSG_DONTWAIT);
  if (got > 0) {
    end_ += static_cast<size_t>(got);
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  errno = got == 0 ? 0 : errno;
  fail("the server closed the connection");
}

/// Takes the next whole frame.
bool connection::next(std::string_view& text) {
  for (;;) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(in_.data()) + begin_;
    const auto size = end_ - begin_;
    if (size < 2) return false;
    size_t head = 2, length = bytes[1];
    if (length == 126) {
      if (size < 4) return false;
      head = 4;
      length = static_cast<size_t>(bytes[2]) << 8 | bytes[3];
    } else if (length == 127) {
      throw std::runtime_error("a frame above 64 KiB");
    }
    if (size < head + length) return false;
    const std::string_view payload{in_.data() + begin_ + head, length};
    begin_ += head + length;
    if (bytes[0] != 0x81) throw std::runtime_error("a frame that is no whole text message");
    if (payload == "2") {
      send("3");
      continue;
    }
    text = payload;
    return true;
  }
}

std::string connection::wait_for(std::string_view prefix) {
  for (;;) {
    std::string_view text;
    while (next(text)) {
      if (text.starts_with(prefix)) return std::string(text);
      if (text.starts_with("44")) throw std::runtime_error("refused: " + std::string(text));
    }
    pollfd one{fd_, POLLIN, 0};
    if (::poll(&one, 1, patience_ms) <= 0)
      throw std::runtime_error("no answer that begins with " + std::string(prefix));
    fill();
  }
}

void connection::open(uint16_t port, const std::string& nsp, const std::string& token) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string request = "GET /socket.io/?EIO=4&transport=websocket&recovery=0 HTTP/1.1\r\n"
                              "Host: 127.0.0.1:" +
                              std::to_string(port) +
                              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) fail("send");
  size_t headers = std::string::npos;
  while (headers == std::string::npos) {
    pollfd one{fd_, POLLIN, 0};
    if (::poll(&one, 1, patience_ms) <= 0) throw std::runtime_error("no answer to the upgrade");
    fill();
    headers = std::string_view(in_.data(), end_).find("\r\n\r\n");
  }
  if (!std::string_view(in_.data(), end_).starts_with("HTTP/1.1 101"))
    throw std::runtime_error("not upgraded: " + in_.substr(0, in_.find('\r')));
  begin_ = headers + 4;
  wait_for("0{");
  send("40" + nsp + ",{\"token\":\"" + token + "\"}");
  wait_for("40" + nsp + ",");
}

} // namespace stibium::bench
