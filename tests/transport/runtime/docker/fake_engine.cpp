#include "tests/transport/runtime/docker/fake_engine.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace stibium::test {

bool server_connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string server_connection::receive() {
  char piece[16384];
  const auto n = ::recv(fd_, piece, sizeof piece, 0);
  return n > 0 ? std::string(piece, static_cast<size_t>(n)) : std::string{};
}

void server_connection::wait_for_end() {
  while (!receive().empty()) {
  }
}

fake_engine::fake_engine(handler answer, std::string version)
    : answer_(std::move(answer))
    , version_(std::move(version)) {
  char folder[] = "/tmp/stibium-docker-test-XXXXXX";
  folder_ = ::mkdtemp(folder);
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, where().path.c_str());
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0)
    std::abort();
  acceptor_ = std::thread{[this] { accept(); }};
}

fake_engine::~fake_engine() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::scoped_lock lock{mutex_};
    for (const auto fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& each : threads_) each.join();
  ::close(listener_);
  std::filesystem::remove_all(folder_);
}

std::vector<std::string> fake_engine::lines() const {
  const std::scoped_lock lock{mutex_};
  return lines_;
}

void fake_engine::accept() {
  for (int fd = -1; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    const std::scoped_lock lock{mutex_};
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void fake_engine::serve(int fd) {
  server_connection connection{fd};
  std::string in;
  for (bool on = true; on;) {
    auto end = in.find("\r\n\r\n");
    size_t length = 0;
    if (end != std::string::npos) {
      const auto field = in.find("Content-Length: ");
      if (field < end) length = static_cast<size_t>(std::atoi(in.c_str() + field + 16));
    }
    if (end == std::string::npos || in.size() < end + 4 + length) {
      const auto more = connection.receive();
      if (more.empty()) break;
      in += more;
      continue;
    }
    server_request request{in.substr(0, in.find(" HTTP/")), in.substr(0, end), in.substr(end + 4, length)};
    in.erase(0, end + 4 + length);
    {
      const std::scoped_lock lock{mutex_};
      lines_.push_back(request.line);
    }
    on = request.line == "GET /version" ? connection.send(http_answer(200, version_)) : answer_(connection, request);
  }
  const std::scoped_lock lock{mutex_};
  std::erase(open_, fd);
  ::close(fd);
}

std::string http_answer(int status, std::string_view body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Whatever\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string{body};
}

const char* const chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string{bytes} + "\r\n";
}

std::string frame(int stream, std::string_view bytes) {
  std::string result(8, '\0');
  result[0] = static_cast<char>(stream);
  for (size_t i = 0; i < 4; ++i) result[4 + i] = static_cast<char>(bytes.size() >> (8 * (3 - i)) & 0xff);
  return result + std::string{bytes};
}

} // namespace stibium::test
