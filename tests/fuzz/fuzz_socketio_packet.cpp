#include "protocol/engineio/utf8.hpp"
#include "protocol/socketio/json.hpp"
#include "protocol/socketio/packet.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace stibium;

void fuzz(std::string_view input) {
  require(
      socketio::decode("2[" + socketio::json_string("x").append(",") + socketio::json_string(input) + "]").has_value());
  require(engineio::valid_utf8(socketio::sanitize_utf8(input)));
  (void)socketio::split_event(input);
  const auto once = socketio::decode(input);
  if (!once) return;
  std::string out;
  socketio::append_packet(out, *once);
  const auto twice = socketio::decode(std::string_view{out}.substr(1));
  require(twice && *twice == *once);
  if (once->type == socketio::packet_type::event) require(socketio::split_event(once->json).has_value());
}
