#include "protocol/antimony/events.hpp"

#include "protocol/antimony/time_text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace stibium::antimony {

namespace {

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write_text(json_writer& out, std::string_view text) {
  const auto clean = valid_utf8(text);
  out.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
}

void write_field(json_writer& out, const char* key, std::string_view text) {
  out.Key(key);
  write_text(out, text);
}

void write_field(json_writer& out, const char* key, int number) {
  out.Key(key);
  out.Int(number);
}

// Makes one object whose members `fill` writes.
template <class Fill>
std::string object(Fill fill) {
  rapidjson::StringBuffer buffer;
  json_writer out{buffer};
  out.StartObject();
  fill(out);
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

void write_shell_fields(json_writer& out, const shell_event& event) {
  write_field(out, "labId", event.lab_id);
  write_field(out, "node", event.node);
  write_field(out, "shellId", event.shell_id);
  write_field(out, "command", event.command);
  write_field(out, "message", event.message);
}

// The length of the valid UTF-8 sequence at the front, 0 when there is none (RFC 3629: no surrogates, nothing
// overlong).
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

} // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string null_payload() { return R"({"payload":null})"; }

std::string text_payload(std::string_view text) {
  return object([&](json_writer& out) { write_field(out, "payload", text); });
}

std::string shells_payload(const std::vector<listed_shell>& shells) {
  return object([&](json_writer& out) {
    out.Key("payload");
    out.StartArray();
    for (const auto& shell : shells) {
      out.StartObject();
      write_field(out, "id", shell.id);
      write_field(out, "node", shell.node);
      out.EndObject();
    }
    out.EndArray();
  });
}

std::string error_payload(error_code code, std::string_view message) {
  return object([&](json_writer& out) {
    write_field(out, "code", static_cast<int>(code));
    write_field(out, "message", message);
  });
}

std::string status_payload(const status_event& event) {
  return object([&](json_writer& out) {
    out.Key("payload");
    out.StartObject();
    write_field(out, "id", event.id);
    write_field(out, "timestamp", iso8601(event.timestamp));
    write_field(out, "source", event.source);
    write_field(out, "content", event.content);
    write_field(out, "logContent", event.log_content.empty() ? event.content : event.log_content);
    write_field(out, "severity", event.severity);
    out.EndObject();
  });
}

std::string lab_update_payload(std::string_view lab_id) {
  return object([&](json_writer& out) {
    out.Key("payload");
    out.StartObject();
    write_field(out, "labId", lab_id);
    out.EndObject();
  });
}

std::string shell_payload(const shell_event& event) {
  return object([&](json_writer& out) {
    write_shell_fields(out, event);
    out.Key("payload");
    out.StartObject();
    write_shell_fields(out, event);
    out.EndObject();
  });
}

std::string refusal_payload(std::string_view title, error_code code, std::string_view detail) {
  return object([&](json_writer& out) {
    write_field(out, "message", title);
    out.Key("data");
    out.StartObject();
    write_field(out, "code", static_cast<int>(code));
    write_field(out, "message", detail);
    out.EndObject();
  });
}

} // namespace stibium::antimony
