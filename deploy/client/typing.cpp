#include "deploy/client/typing.hpp"

#include "deploy/client/failure.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>
#include <poll.h>
#include <semaphore>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace stibium::client {

namespace {

constexpr ptrdiff_t chunks_under_way = 8;
constexpr size_t chunk_bytes = 4096;

} // namespace

struct typing::state : std::enable_shared_from_this<typing::state> {
  state(const boost::asio::any_io_executor& on, handler use)
      : executor{on}
      , on_typed{std::move(use)} {}

  void run();
  void hand_over(std::optional<std::string> chunk) {
    boost::asio::post(executor, [self = shared_from_this(), chunk = std::move(chunk)]() mutable {
      if (self->on_typed) self->on_typed(std::move(chunk));
    });
  }

  boost::asio::any_io_executor executor;
  handler on_typed; // touched on the executor only
  std::counting_semaphore<chunks_under_way + 1> free{chunks_under_way};
  int stop = eventfd(0, EFD_CLOEXEC);
  std::thread thread;
};

void typing::state::run() {
  std::array<char, chunk_bytes> buffer{};
  for (;;) {
    free.acquire();
    pollfd wait[2] = {{STDIN_FILENO, POLLIN, 0}, {stop, POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return hand_over(std::nullopt);
    if (wait[1].revents != 0) return;
    const auto count = wait[0].revents == 0 ? -1 : read(STDIN_FILENO, buffer.data(), buffer.size());
    if (wait[0].revents == 0 || (count < 0 && (errno == EINTR || errno == EAGAIN))) {
      free.release();
      continue;
    }
    if (count <= 0) return hand_over(std::nullopt);
    hand_over(std::string(buffer.data(), static_cast<size_t>(count)));
  }
}

typing::typing(const boost::asio::any_io_executor& executor, handler on_typed)
    : state_{std::make_shared<state>(executor, std::move(on_typed))} {
  if (state_->stop < 0) throw failure{"no file descriptor is left"};
  state_->thread = std::thread{[state = state_.get()] { state->run(); }};
}

typing::~typing() {
  state_->on_typed = nullptr;
  eventfd_write(state_->stop, 1);
  state_->free.release();
  state_->thread.join();
  ::close(state_->stop);
}

void typing::taken() { state_->free.release(); }

} // namespace stibium::client
