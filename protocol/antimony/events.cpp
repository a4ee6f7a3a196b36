#include "protocol/antimony/events.hpp"

#include "protocol/antimony/time_text.hpp"
#include "protocol/socketio/json.hpp"

#include <fmt/format.h>

namespace stibium::antimony {

namespace {

using socketio::json_string;

std::string payload(std::string_view json) {
  constexpr std::string_view before = R"({"payload":)", after = "}";
  std::string out;
  out.reserve(before.size() + json.size() + after.size());
  return out.append(before).append(json).append(after);
}

std::string shell_fields(const shell_event& event) {
  return fmt::format(R"("labId":{},"node":{},"shellId":{},"command":{},"message":{})", json_string(event.lab_id),
                     json_string(event.node), json_string(event.shell_id), event.command, json_string(event.message));
}

} // namespace

std::string null_payload() { return payload("null"); }

std::string text_payload(std::string_view text) { return payload(json_string(text)); }

std::string shells_payload(const std::vector<listed_shell>& shells) {
  std::string list = "[";
  for (const auto& shell : shells) {
    if (list.size() > 1) list += ',';
    list += fmt::format(R"({{"id":{},"node":{}}})", json_string(shell.id), json_string(shell.node));
  }
  return payload(list + "]");
}

std::string error_payload(error_code code, std::string_view message) {
  return fmt::format(R"({{"code":{},"message":{}}})", static_cast<int>(code), json_string(message));
}

std::string status_payload(const status_event& event) {
  const auto& log_content = event.log_content.empty() ? event.content : event.log_content;
  return payload(fmt::format(R"({{"id":{},"timestamp":{},"source":{},"content":{},"logContent":{},"severity":{}}})",
                             json_string(event.id), json_string(iso8601(event.timestamp)), json_string(event.source),
                             json_string(event.content), json_string(log_content), event.severity));
}

std::string lab_update_payload(std::string_view lab_id) {
  return payload(fmt::format(R"({{"labId":{}}})", json_string(lab_id)));
}

std::string shell_payload(const shell_event& event) {
  const auto fields = shell_fields(event);
  return fmt::format(R"({{{0},"payload":{{{0}}}}})", fields);
}

} // namespace stibium::antimony
