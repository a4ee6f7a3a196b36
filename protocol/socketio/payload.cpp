#include "protocol/socketio/payload.hpp"

#include "protocol/engineio/utf8.hpp"
#include "protocol/socketio/in_place.hpp"

#include <rapidjson/reader.h>

#include <algorithm>
#include <array>

namespace stibium::socketio {

namespace {

constexpr std::array<std::string_view, 6> reserved_events{"connect",       "connect_error", "disconnect",
                                                          "disconnecting", "newListener",   "removeListener"};

/// Follows the reader through one text and stops it at what does not belong there.
class shape_checker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, shape_checker> {
public:
  explicit shape_checker(payload_shape shape)
      : shape_{shape} {}

  /// Why it was stopped; `bad_json` when it was not.
  parse_errc verdict() const { return verdict_; }

  bool Default() { return scalar(false); } // null, true, false
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return scalar(true); }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    if (at_name() && std::find(reserved_events.begin(), reserved_events.end(), std::string_view{text, length}) !=
                         reserved_events.end())
      return stop(parse_errc::reserved_event);
    return scalar(true);
  }
  bool Key(const char*, rapidjson::SizeType, bool) { return true; }
  bool StartObject() { return enter(shape_ == payload_shape::anything); }
  bool StartArray() { return enter(true); }
  bool EndObject(rapidjson::SizeType) { return leave(); }
  bool EndArray(rapidjson::SizeType) { return at_name() ? stop(parse_errc::bad_payload) : leave(); }

private:
  bool at_name() const { return shape_ == payload_shape::event && depth_ == 1 && !named_; }

  bool stop(parse_errc why) {
    verdict_ = why;
    return false;
  }

  bool scalar(bool may_name) {
    if (depth_ == 0) return shape_ == payload_shape::anything || stop(parse_errc::bad_payload);
    if (at_name()) {
      if (!may_name) return stop(parse_errc::bad_payload);
      named_ = true;
    }
    return true;
  }

  bool enter(bool may_be_outermost) {
    if (at_name() || (depth_ == 0 && !may_be_outermost)) return stop(parse_errc::bad_payload);
    if (++depth_ > max_json_depth) return stop(parse_errc::too_deep);
    return true;
  }

  bool leave() {
    --depth_;
    return true;
  }

  const payload_shape shape_;
  size_t depth_ = 0;
  bool named_ = false;
  parse_errc verdict_ = parse_errc::bad_json;
};

constexpr unsigned flags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
/// The reader keeps a few bytes for each level of nesting; this much of it lies on our stack.
constexpr size_t inline_stack = 1024;
constexpr size_t first_stack = 256;

} // namespace

std::optional<parse_errc> check_payload(std::string_view json, payload_shape shape) {
  if (json.empty()) return parse_errc::bad_payload;
  if (!engineio::valid_utf8(json)) return parse_errc::bad_json;
  alignas(std::max_align_t) char buffer[inline_stack];
  rapidjson::MemoryPoolAllocator<> memory(buffer, sizeof buffer);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>> reader(&memory,
                                                                                                          first_stack);
  in_place_text text{json};
  rapidjson::InsituStringStream stream(text.data());
  shape_checker checker{shape};
  if (!reader.Parse<flags>(stream, checker)) return checker.verdict();
  // The reader takes a zero byte for the end of the text.
  if (stream.Tell() != json.size()) return parse_errc::bad_json;
  return std::nullopt;
}

} // namespace stibium::socketio
