#include "protocol/engineio/packet.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace stibium::engineio;

void fuzz(std::string_view input) {
  if (const auto one = decode_text(input)) require(encode(*one) == input);
  (void)decode_open(input);
  const auto decoded = decode_payload(input, {});
  if (!decoded) return;
  std::string out;
  size_t bound = 0;
  for (const auto& each : decoded->packets) {
    bound += payload_size(each);
    append_to_payload(out, each);
  }
  require(out == input && out.size() <= bound);
}
