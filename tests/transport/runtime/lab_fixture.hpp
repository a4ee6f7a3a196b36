#pragma once

#include "actors/interfaces.hpp"
#include "transport/io/io_thread.hpp"
#include "transport/runtime/embedded.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>

/// \file
/// A real embedded runtime for tests, and listeners for everything that it tells. Waiting is always for something.

namespace stibium::test {

/// What actors on other threads have said; any thread.
template <class T>
class heard {
public:
  void add(T item) {
    const std::lock_guard lock{mutex_};
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  std::vector<T> all() const {
    const std::lock_guard lock{mutex_};
    return items_;
  }
  /// Waits until the items satisfy `enough`; false after 20 s.
  bool wait(const std::function<bool(const std::vector<T>&)>& enough) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return enough(items_); });
  }

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<T> items_;
};

/// Listens to a log.
struct log_ear {
  std::shared_ptr<heard<std::string>> lines = std::make_shared<heard<std::string>>();
  log_sink_actor actor;
  bool wait_for(const std::string& text) const;
  std::string text() const;
};

/// Listens to a terminal.
struct terminal_ear {
  std::shared_ptr<heard<std::string>> output = std::make_shared<heard<std::string>>();
  std::shared_ptr<heard<terminal_ended>> ends = std::make_shared<heard<terminal_ended>>();
  terminal_client_actor actor;
  bool wait_for(const std::string& text) const;
  std::string text() const;
};

/// Listens to nodes.
struct node_ear {
  std::shared_ptr<heard<node_event>> events = std::make_shared<heard<node_event>>();
  node_observer_actor actor;
  bool wait_for(const std::string& what) const;
};

/// What a request came to.
template <class T>
struct answer {
  std::optional<T> value;
  caf::error error;
  explicit operator bool() const { return value.has_value(); }
};

struct lab_fixture {
  lab_fixture();
  ~lab_fixture();

  /// Starts the runtime; false with a message when it cannot isolate that way here, or not at all.
  bool begin(runtime::isolation wanted = runtime::isolation::automatic);
  /// Ends the runtime as a crash would: nothing is destroyed.
  void drop();

  log_ear listen();
  terminal_ear attach();
  node_ear observe();
  instance_ref place(const std::string& name, const std::string& topology) const;

  answer<instance_status> command(lab_verb verb, const instance_ref& where, const std::string& node = {});
  answer<terminal_actor> shell(const instance_ref& where, const std::string& node, const terminal_ear& ear,
                               shell_size size = {80, 24});
  void type(const terminal_actor& to, const std::string& text);
  void follow(const instance_ref& where, const std::string& node, const log_ear& ear);
  /// A shell command in a node, by way of a terminal; what it printed.
  std::string in_shell(const instance_ref& where, const std::string& node, const std::string& command);

  template <class T, class... Ts>
  answer<T> ask(const Ts&... xs) {
    answer<T> result;
    self->request(runtime, std::chrono::seconds{60}, xs...)
        .receive([&](T& value) { result.value = std::move(value); },
                 [&](caf::error& err) { result.error = std::move(err); });
    return result;
  }

  caf::actor_system system;
  io::io_thread thread;
  nursery births;
  caf::scoped_actor self;
  std::filesystem::path root;
  runtime_actor runtime;
  log_ear lab_log;
  node_ear nodes;
  std::vector<caf::actor> ears;
};

/// What `command` prints on this machine, outside of all labs.
std::string output_of(const std::string& command);

/// Two nodes and a link: n1 has 10.9.0.1, n2 10.9.0.2.
extern const char* const ping_topology;

} // namespace stibium::test
