#include "transport/web/server.hpp"

#include "transport/io/io_thread.hpp"
#include "transport/web/gateway.hpp"
#include "transport/web/listener.hpp"
#include "transport/web/shard.hpp"

#include <boost/asio/post.hpp>
#include <caf/all.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace stibium::web {

namespace {

/// Counts down from other threads.
class countdown {
public:
  explicit countdown(size_t from)
      : left_(from) {}
  void done() {
    std::lock_guard lock{mutex_};
    if (--left_ == 0) zero_.notify_all();
  }
  bool wait_until(std::chrono::steady_clock::time_point when) {
    std::unique_lock lock{mutex_};
    return zero_.wait_until(lock, when, [this] { return left_ == 0; });
  }

private:
  std::mutex mutex_;
  std::condition_variable zero_;
  size_t left_;
};

// For handlers of connections that have been cut off.
constexpr std::chrono::seconds last_moments{2};

} // namespace

server::server(nursery births, std::vector<io::io_thread*> threads, server_options options)
    : births_(std::move(births))
    , threads_(std::move(threads))
    , options_(std::make_shared<const server_options>(std::move(options)))
    , counters_(std::make_unique<counters>()) {}

server::~server() { shutdown(std::chrono::milliseconds{0}); }

std::optional<std::string> server::start() {
  std::vector<boost::asio::io_context*> contexts;
  for (auto* thread : threads_) contexts.push_back(&thread->context());
  auto listening = listen(options_->host, options_->port, contexts);
  if (!listening.trouble.empty()) return std::move(listening.trouble);
  port_ = listening.port;
  for (size_t i = 0; i < threads_.size(); ++i)
    shards_.push_back(
        std::make_unique<shard>(*contexts[i], i, *options_, *counters_, shards_, std::move(listening.acceptors[i])));
  for (size_t i = 0; i < threads_.size(); ++i) {
    auto* where = shards_[i].get();
    if (options_->make_engine_sink) {
      auto& sink = *sinks_.emplace_back(options_->make_engine_sink());
      boost::asio::post(*contexts[i], [where, &sink] { where->begin(sink); });
    } else {
      gateways_.push_back(spawn(births_, placement::on(threads_[i]),
                                {"gateway", "io thread " + std::to_string(i), {}, options_->parent}, gateway, where,
                                static_cast<caf::execution_unit*>(threads_[i]), options_));
    }
  }
  return std::nullopt;
}

void server::shutdown(std::chrono::milliseconds deadline) {
  if (shards_.empty()) return;
  auto until = std::chrono::steady_clock::now() + deadline;
  auto quiet = std::make_shared<countdown>(shards_.size());
  for (auto& each : shards_)
    boost::asio::post(each->context(), [&shard = *each, quiet] { shard.begin_shutdown([quiet] { quiet->done(); }); });
  if (!quiet->wait_until(until)) {
    for (auto& each : shards_) boost::asio::post(each->context(), [&shard = *each] { shard.cut_off(); });
    quiet->wait_until(std::chrono::steady_clock::now() + last_moments);
  }
  end_gateways();
  auto ended = std::make_shared<countdown>(shards_.size());
  for (auto& each : shards_) {
    auto& context = each->context();
    boost::asio::post(context, [shard = std::move(each), ended]() mutable {
      shard.reset(); // on its own thread
      ended->done();
    });
  }
  ended->wait_until(std::chrono::steady_clock::now() + last_moments);
  shards_.clear();
  sinks_.clear();
}

void server::end_gateways() {
  if (gateways_.empty()) return;
  caf::scoped_actor self{*births_.system};
  for (auto& each : gateways_) {
    self->monitor(each);
    self->send_exit(each, caf::exit_reason::user_shutdown);
  }
  auto left = gateways_.size();
  while (left > 0) {
    auto before = left;
    self->receive([&](const caf::down_msg&) { --left; }, caf::after(last_moments) >> [&] { left = 0; });
    if (left == before) break;
  }
  gateways_.clear();
}

} // namespace stibium::web
