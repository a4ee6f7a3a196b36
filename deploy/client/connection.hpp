#pragma once

#include "deploy/client/http.hpp"

#include <rapidjson/document.h>

#include <functional>
#include <memory>
#include <string>

namespace stibium::client {

/// An event of the service: its name and its first argument.
using event_handler = std::function<void(const std::string& name, const rapidjson::Value& argument)>;

/// A Socket.IO connection: WebSocket from the start, any number of namespaces. Lives on one `io_context` that one
/// thread runs. Everything that waits fails with `unreachable` once the connection is lost.
class connection {
public:
  /// Connects and waits for the Engine.IO handshake.
  static task<std::unique_ptr<connection>> open(const service_url& where);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Joins a namespace; from then on its events go to `handler`, in order, which is taken over. Throws `refused` when
  /// the service says no. The handler is a variable of the caller's because g++ 12 destroys some temporaries of an
  /// awaited call twice.
  task<> join(std::string nsp, const std::string& token, event_handler& handler);

  /// Waits until the service ends a namespace that was joined.
  task<> ended(std::string nsp);

  /// Emits event `data` and waits for the ack. \return the ack's `payload`, as a document of its own.
  /// Throws `refused` for an ack with an error code.
  task<rapidjson::Document> request(std::string nsp, std::string argument);

  /// Emits an event without ack.
  void emit(const std::string& nsp, const std::string& name, const std::string& argument);

  /// Leaves a namespace.
  void leave(const std::string& nsp);

  /// Waits until what was emitted is on its way, then closes.
  task<> close();

private:
  struct impl;
  explicit connection(std::shared_ptr<impl> it);
  std::shared_ptr<impl> impl_;
};

} // namespace stibium::client
