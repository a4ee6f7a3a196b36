#include "transport/io/poller.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace stibium::io {

namespace {

int make_epoll() {
  auto descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  return descriptor;
}

} // namespace

poller::poller(boost::asio::io_context& context, std::function<void()> all_told)
    : context_(context)
    , epoll_(context, make_epoll())
    , all_told_(std::move(all_told)) {
  await();
}

bool poller::watch(int descriptor, pollable& what) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &what;
  return ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void poller::forget(int descriptor, pollable& what) {
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
  for (auto i = told_; i < fetched_; ++i)
    if (events_[static_cast<size_t>(i)].data.ptr == &what) events_[static_cast<size_t>(i)].data.ptr = nullptr;
}

void poller::await() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& failed) {
    if (!failed) run();
  });
}

void poller::run() {
  fetched_ = std::max(0, ::epoll_wait(epoll_.native_handle(), events_.data(), at_once, 0));
  for (told_ = 0; told_ < fetched_;) {
    auto& event = events_[static_cast<size_t>(told_++)];
    if (event.data.ptr) failed_.guard([&] { static_cast<pollable*>(event.data.ptr)->on_ready(event.events); });
  }
  if (all_told_) failed_.guard(all_told_);
  if (fetched_ < at_once)
    await();
  else
    boost::asio::post(context_, [this] { run(); });
  failed_.rethrow(); // it is the io thread's to report
}

} // namespace stibium::io
