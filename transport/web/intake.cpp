#include "transport/web/intake.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>

namespace stibium::web {

intake::intake(boost::asio::io_context& context, io::socket_batch& batch)
    : context_(context)
    , batch_(batch) {
  staged_.reserve(io::socket_batch::room);
}

void intake::mark(websocket& what) {
  marked_.emplace_back(&what);
  if (marked_.size() == 1) boost::asio::post(context_, [this] { run(); });
}

void intake::run() {
  now_.swap(marked_);
  for (auto& socket : now_) {
    if (socket->stage_read(batch_)) staged_.push_back(std::move(socket));
    if (batch_.full()) read_staged();
  }
  read_staged();
  now_.clear();
  failed_.rethrow();
}

void intake::read_staged() {
  if (staged_.empty()) return;
  std::array<ssize_t, io::socket_batch::room> results; // kept: a message may lead to a send by the same batch
  std::ranges::copy(batch_.submit(), results.begin());
  for (size_t i = 0; i < staged_.size(); ++i) failed_.guard([&] { staged_[i]->received(results[i]); });
  staged_.clear();
}

} // namespace stibium::web
