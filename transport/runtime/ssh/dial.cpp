#include "transport/runtime/ssh/dial.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace stibium::runtime {

namespace {

// A machine that has gone without a word is noticed after 30 s.
constexpr int quiet_seconds = 15, probe_seconds = 5, probes = 3;

std::string lower_case(std::string text) {
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') text.front() += 'a' - 'A';
  return text;
}

std::string why(int number) { return lower_case(std::strerror(number)); }

// 0 when the connection stands, else an errno.
int finish(int fd, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd on{fd, POLLOUT, 0};
    const int ready = ::poll(&on, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 3600000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
  }
}

void tune(int fd) {
  const auto set = [fd](int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, quiet_seconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, probe_seconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, (quiet_seconds + probes * probe_seconds) * 1000);
}

int connect_to(const addrinfo& where, std::chrono::steady_clock::time_point until, unique_fd& into) {
  unique_fd fd{::socket(where.ai_family, where.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, where.ai_protocol)};
  if (!fd) return errno;
  tune(fd.get());
  if (::connect(fd.get(), where.ai_addr, where.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (const int error = finish(fd.get(), until)) return error;
  }
  into = std::move(fd);
  return 0;
}

} // namespace

dialled dial(const std::string& host, uint16_t port, std::chrono::steady_clock::time_point until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
    return {{}, lower_case(::gai_strerror(error))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, &::freeaddrinfo};
  dialled result;
  int error = EADDRNOTAVAIL;
  for (const auto* each = found; each && error != 0; each = each->ai_next) error = connect_to(*each, until, result.fd);
  if (error != 0) result.reason = why(error);
  return result;
}

} // namespace stibium::runtime
