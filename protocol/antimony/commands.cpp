#include "protocol/antimony/commands.hpp"

#include "protocol/engineio/utf8.hpp"
#include "protocol/socketio/in_place.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <cstddef>

namespace stibium::antimony {

namespace {

// Iterative: nesting as deep as the input allows must not use up the stack.
constexpr unsigned parse_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag;

using pool = rapidjson::MemoryPoolAllocator<>;
using plain_document = rapidjson::GenericDocument<rapidjson::UTF8<>, pool, pool>;

/// Room for what is usual. From the heap RapidJSON would take 64 KiB to begin with, for every event of a client.
struct document_room {
  alignas(std::max_align_t) char for_values[2048], for_parsing[2048];
  pool values{for_values, sizeof for_values}, parsing{for_parsing, sizeof for_parsing};
};

/// A JSON text and what it says.
class document : private document_room, public plain_document {
public:
  explicit document(std::string_view json)
      : plain_document(&values, first_stack_bytes, &parsing)
      , text_(engineio::valid_utf8(json) ? json : std::string_view{}) {
    ParseInsitu<parse_flags>(text_.data());
  }

private:
  static constexpr size_t first_stack_bytes = 512; // grows

  socketio::in_place_text text_;
};

std::string_view view(const rapidjson::Value& string) { return {string.GetString(), string.GetStringLength()}; }

// An error can be made from a text as well, so which of the two it is must be said.
parsed<std::string> accepted(std::string_view text) { return parsed<std::string>{boost::system::in_place_value, text}; }

// The event's first argument; null when the event is fine but has none.
parsed<const rapidjson::Value*> argument_of(const document& doc) {
  if (doc.HasParseError() || !doc.IsArray() || doc.Empty() || !doc[0].IsString())
    return invalid_input{"the event is not a JSON array that begins with its name"};
  return doc.Size() < 2 ? nullptr : &doc[1];
}

// Reads the event's first argument: an object, which may be wrapped in a string.
template <class F>
auto read_object(std::string_view json, F read) -> decltype(read(rapidjson::Value{})) {
  const document doc{json};
  const auto argument = argument_of(doc);
  if (!argument) return argument.error();
  if (!*argument) return invalid_input{"data is missing: the event has no argument"};
  if ((*argument)->IsObject()) return read(**argument);
  if (!(*argument)->IsString()) return invalid_input{"data must be an object, or a string that holds one as JSON"};
  const document inner{view(**argument)};
  if (inner.HasParseError()) return invalid_input{"data is a string, but not JSON"};
  if (!inner.IsObject()) return invalid_input{"data is a string, but the JSON in it is not an object"};
  return read(inner);
}

// A member by name; null counts as absent. A name that is there twice would mean different things to different readers.
parsed<const rapidjson::Value*> member(const rapidjson::Value& object, std::string_view name) {
  const rapidjson::Value* found = nullptr;
  for (const auto& entry : object.GetObject()) {
    if (view(entry.name) != name) continue;
    if (found) return invalid_input{fmt::format("{} is there twice", name)};
    found = &entry.value;
  }
  return found && found->IsNull() ? nullptr : found;
}

// A text field; empty when it is absent.
parsed<std::string> text_member(const rapidjson::Value& object, std::string_view name) {
  const auto found = member(object, name);
  if (!found) return found.error();
  if (!*found) return accepted({});
  if (!(*found)->IsString()) return invalid_input{fmt::format("{} must be a string", name)};
  if ((*found)->GetStringLength() > max_name_bytes)
    return invalid_input{fmt::format("{} is longer than {} bytes", name, max_name_bytes)};
  return accepted(view(**found));
}

parsed<int> number_member(const rapidjson::Value& object, std::string_view name, int least, int most) {
  const auto found = member(object, name);
  if (!found) return found.error();
  if (!*found) return invalid_input{fmt::format("{} is missing", name)};
  if (!(*found)->IsInt() || (*found)->GetInt() < least || (*found)->GetInt() > most)
    return invalid_input{fmt::format("{} must be a whole number from {} to {}", name, least, most)};
  return (*found)->GetInt();
}

command_id to_command(int number, bool swapped) {
  const auto id = static_cast<command_id>(number);
  if (!swapped) return id;
  if (id == command_id::stop_node) return command_id::start_node;
  if (id == command_id::start_node) return command_id::stop_node;
  return id;
}

bool needs_node(command_id command) {
  switch (command) {
  case command_id::stop_node:
  case command_id::start_node:
  case command_id::restart_node:
  case command_id::open_shell: return true;
  default: return false;
  }
}

parsed<lab_request> read_lab_request(const rapidjson::Value& object, bool swapped) {
  auto lab = text_member(object, "labId");
  if (!lab) return lab.error();
  if (lab->empty()) return invalid_input{"labId is missing"};
  const auto number = number_member(object, "command", 0, 7);
  if (!number) return number.error();
  auto node = text_member(object, "node");
  if (!node) return node.error();
  auto shell = text_member(object, "shellId");
  if (!shell) return shell.error();
  const auto command = to_command(*number, swapped);
  if (needs_node(command) && node->empty())
    return invalid_input{fmt::format("node is missing: command {} needs the name of a node", *number)};
  if (command == command_id::close_shell && shell->empty())
    return invalid_input{"shellId is missing: command 7 needs the id of a shell"};
  return lab_request{std::move(*lab), command, std::move(*node), std::move(*shell)};
}

parsed<terminal_size> read_size(const rapidjson::Value& object) {
  const auto cols = number_member(object, "cols", 1, max_terminal_side);
  if (!cols) return cols.error();
  const auto rows = number_member(object, "rows", 1, max_terminal_side);
  if (!rows) return rows.error();
  return terminal_size{static_cast<uint16_t>(*cols), static_cast<uint16_t>(*rows)};
}

} // namespace

parsed<std::string> parse_event_name(std::string_view json) {
  const document doc{json};
  const auto argument = argument_of(doc);
  if (!argument) return argument.error();
  return accepted(view(doc[0]));
}

parsed<lab_request> parse_lab_command(std::string_view json, bool swapped) {
  return read_object(json, [&](const rapidjson::Value& object) { return read_lab_request(object, swapped); });
}

parsed<std::string> parse_shell_input(std::string_view json) {
  const document doc{json};
  const auto argument = argument_of(doc);
  if (!argument) return argument.error();
  if (!*argument || !(*argument)->IsString()) return invalid_input{"data must be a string"};
  return accepted(view(**argument));
}

parsed<terminal_size> parse_resize(std::string_view json) { return read_object(json, read_size); }

} // namespace stibium::antimony
