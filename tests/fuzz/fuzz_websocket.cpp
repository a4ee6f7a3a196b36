#include "protocol/engineio/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "transport/web/websocket_frame.hpp"

#include <algorithm>
#include <string>

using namespace stibium;
using web::frame_item;

namespace {

constexpr size_t limit = 200;

/// All that a reader makes of bytes that arrive in pieces.
std::string read_all(std::string_view bytes, size_t piece) {
  web::frame_reader reader{limit};
  std::string buffer, said;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    buffer.append(bytes.substr(at, piece));
    for (;;) {
      const auto item = reader.next(buffer);
      if (item.what == frame_item::kind::more) break;
      if (item.what == frame_item::kind::refused)
        return said + std::string{to_string(item.error)} + std::to_string(item.code);
      require(item.consumed >= 6 && item.consumed <= buffer.size());
      require(item.payload.size() <= limit);
      if (item.what == frame_item::kind::text) require(engineio::valid_utf8(item.payload));
      said += std::to_string(static_cast<int>(item.what)) + ":" + std::to_string(item.code) + ":";
      said.append(item.payload);
      buffer.erase(0, item.consumed);
    }
    // What has to be kept is bounded by the limit, whatever is announced.
    require(buffer.size() <= limit + 14 + piece);
    require(reader.wanted() <= limit + 14);
  }
  return said;
}

} // namespace

void fuzz(std::string_view input) {
  if (input.empty()) return;
  const auto piece = std::max<size_t>(1, static_cast<unsigned char>(input[0]));
  input.remove_prefix(1);
  const auto said = read_all(input, input.size() + 1);
  require(said == read_all(input, piece));
  require(said == read_all(input, 1));
}
