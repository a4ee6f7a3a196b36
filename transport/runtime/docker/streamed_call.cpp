#include "transport/runtime/docker/streamed_call.hpp"

namespace stibium::docker {

void streamed_call::open(boost::asio::io_context& context, const endpoint& where, http_request what, teller tell) {
  close();
  tell_ = std::move(tell);
  call_ = make_http_call(context, where);
  call_->open(std::move(what), [tell = tell_, number = ++number_](const caf::error& failed) {
    tell({failed ? call_news::kind::failed : call_news::kind::opened, number, {}, failed});
  });
}

void streamed_call::read() {
  call_->read([tell = tell_, number = number_](const caf::error& failed, std::string_view bytes) {
    const auto what = failed          ? call_news::kind::failed
                      : bytes.empty() ? call_news::kind::ended
                                      : call_news::kind::piece;
    tell({what, number, std::string{bytes}, failed});
  });
}

void streamed_call::close() {
  if (call_) call_->close();
  call_.reset();
}

} // namespace stibium::docker
