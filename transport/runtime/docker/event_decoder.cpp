#include "transport/runtime/docker/event_decoder.hpp"

#include "transport/runtime/docker/json.hpp"

namespace stibium::docker {

namespace {

bool read_event(std::string_view line, std::vector<container_event>& events) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return true;
  const auto parsed = parse_json(line);
  if (!parsed || !parsed->IsObject()) return false;
  if (text_of(member(&*parsed, "Type")) != "container") return true;
  const auto* actor = member(&*parsed, "Actor");
  container_event event;
  event.action = text_of(member(&*parsed, "Action"));
  event.id = text_of(member(actor, "ID"));
  event.attributes = texts_of(member(actor, "Attributes"));
  event.time_ns = number_of(member(&*parsed, "timeNano"));
  if (!event.action.empty() && !event.id.empty()) events.push_back(std::move(event));
  return true;
}

} // namespace

bool event_decoder::feed(std::string_view bytes, std::vector<container_event>& events) {
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    partial_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (partial_.size() > max_event || !read_event(partial_, events)) return false;
    partial_.clear();
  }
  partial_ += bytes;
  return partial_.size() <= max_event;
}

} // namespace stibium::docker
