#pragma once

#include "transport/runtime/docker/endpoint.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// \file
/// A server on a Unix socket in a temporary folder that answers as the test says. A thread for each connection.

namespace stibium::test {

/// One connection of a client, on its own thread.
class server_connection {
public:
  explicit server_connection(int fd)
      : fd_(fd) {}
  /// False when the client is gone.
  bool send(std::string_view bytes);
  /// What comes next, empty at the end.
  std::string receive();
  /// Waits until the client closes.
  void wait_for_end();
  int fd() const { return fd_; }

private:
  int fd_;
};

/// A request as the server has read it.
struct server_request {
  std::string line; ///< "GET /v1.41/containers/json"
  std::string head, body;
};

class fake_engine {
public:
  /// Answers one request; the connection is closed when it returns false. `/version` never comes here.
  using handler = std::function<bool(server_connection&, const server_request&)>;

  explicit fake_engine(handler answer,
                       std::string version = R"({"Version":"1","ApiVersion":"1.43","MinAPIVersion":"1.12"})");
  ~fake_engine();
  fake_engine(const fake_engine&) = delete;
  fake_engine& operator=(const fake_engine&) = delete;

  docker::endpoint where() const { return {folder_ + "/docker.sock", {}, 0}; }
  /// The first lines of all requests so far.
  std::vector<std::string> lines() const;

private:
  void accept();
  void serve(int fd);

  handler answer_;
  std::string version_, folder_;
  int listener_ = -1;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A whole answer: "HTTP/1.1 200 OK" with a body.
std::string http_answer(int status, std::string_view body);
/// The head of an answer of chunks, and a chunk; an empty one is the end.
extern const char* const chunked_head;
std::string chunk(std::string_view bytes);
/// A frame of Docker's multiplexed streams.
std::string frame(int stream, std::string_view bytes);

} // namespace stibium::test
