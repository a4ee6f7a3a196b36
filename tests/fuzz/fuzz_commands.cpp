#include "protocol/antimony/commands.hpp"
#include "protocol/antimony/namespaces.hpp"
#include "protocol/antimony/time_text.hpp"
#include "protocol/socketio/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace stibium;
using namespace stibium::antimony;

namespace {

// Accepted requests are complete; refused ones say why.
void check(const parsed<lab_request>& got) {
  if (!got) return require(!got.error().message.empty());
  require(!got->lab_id.empty() && got->lab_id.size() <= max_name_bytes);
  switch (got->command) {
  case command_id::stop_node:
  case command_id::start_node:
  case command_id::restart_node:
  case command_id::open_shell: return require(!got->node.empty());
  case command_id::close_shell: return require(!got->shell_id.empty());
  default: return;
  }
}

} // namespace

void fuzz(std::string_view input) {
  check(parse_lab_command(input));
  check(parse_lab_command(std::string{"[\"data\","}.append(input).append("]")));
  check(parse_lab_command(std::string{"[\"data\","} + socketio::json_string(input) + "]"));
  require(parse_shell_input(std::string{"[\"data\","} + socketio::json_string(input) + "]").has_value());
  if (const auto size = parse_resize(std::string{"[\"resize\","}.append(input).append("]")))
    require(size->cols >= 1 && size->cols <= max_terminal_side && size->rows >= 1 && size->rows <= max_terminal_side);
  const auto parts = parse_namespace(input);
  if (parts.kind == namespace_kind::node_log) require(node_log_namespace(parts.lab_id, parts.node) == input);
  if (const auto time = parse_iso8601(input)) require(iso8601(*time).size() == 24);
}
