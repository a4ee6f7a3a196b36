#include "protocol/antimony/namespaces.hpp"

#include <array>
#include <utility>

namespace stibium::antimony {

namespace {

constexpr std::string_view logs_prefix = "/logs/", shells_prefix = "/shells/";

constexpr std::array<std::pair<std::string_view, namespace_kind>, 5> fixed{{
    {"/", namespace_kind::root},
    {"/status-messages", namespace_kind::status_messages},
    {"/lab-updates", namespace_kind::lab_updates},
    {"/lab-commands", namespace_kind::lab_commands},
    {"/shell-commands", namespace_kind::shell_commands},
}};

bool is_segment(std::string_view text) { return !text.empty() && text.find('/') == std::string_view::npos; }

namespace_parts parse_log(std::string_view rest) {
  const auto slash = rest.find('/');
  namespace_parts out;
  if (slash == std::string_view::npos) {
    if (!rest.empty()) out = {namespace_kind::lab_log, std::string{rest}, {}, {}};
    return out;
  }
  const auto lab = rest.substr(0, slash), node = rest.substr(slash + 1);
  if (is_segment(lab) && is_segment(node)) out = {namespace_kind::node_log, std::string{lab}, std::string{node}, {}};
  return out;
}

} // namespace

namespace_parts parse_namespace(std::string_view path) {
  if (path.size() > max_namespace_bytes) return {};
  for (const auto& [name, kind] : fixed)
    if (path == name) return {kind, {}, {}, {}};
  if (path.starts_with(logs_prefix)) return parse_log(path.substr(logs_prefix.size()));
  if (path.starts_with(shells_prefix)) {
    const auto id = path.substr(shells_prefix.size());
    if (is_segment(id)) return {namespace_kind::shell, {}, {}, std::string{id}};
  }
  return {};
}

bool is_stream(namespace_kind kind) {
  return kind == namespace_kind::lab_log || kind == namespace_kind::node_log || kind == namespace_kind::shell;
}

std::string lab_log_namespace(std::string_view lab_id) { return std::string{logs_prefix}.append(lab_id); }

std::string node_log_namespace(std::string_view lab_id, std::string_view node) {
  return lab_log_namespace(lab_id).append("/").append(node);
}

std::string shell_namespace(std::string_view shell_id) { return std::string{shells_prefix}.append(shell_id); }

} // namespace stibium::antimony
