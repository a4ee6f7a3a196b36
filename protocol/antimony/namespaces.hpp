#pragma once

#include <string>
#include <string_view>

namespace stibium::antimony {

/// The namespaces of the API.
enum class namespace_kind {
  unknown,
  root, ///< `/`: exists, has no events
  status_messages,
  lab_updates,
  lab_commands,
  shell_commands,
  lab_log,  ///< `/logs/<labId>`
  node_log, ///< `/logs/<labId>/<node>`
  shell     ///< `/shells/<shellId>`
};

/// A namespace taken apart; fields that its kind does not have are empty.
struct namespace_parts {
  namespace_kind kind = namespace_kind::unknown;
  std::string lab_id;
  std::string node; ///< a node's name, or its container id
  std::string shell_id;
};

/// Longest namespace in bytes; longer ones are unknown.
inline constexpr size_t max_namespace_bytes = 600;

/// Takes a namespace apart: with its leading slash, without a query. Says nothing about whether the lab, node or shell
/// is there. Empty segments, a slash at the end and further segments make it unknown.
namespace_parts parse_namespace(std::string_view path);

/// Whether a namespace leads to something that comes and goes: a log or a shell.
bool is_stream(namespace_kind kind);

/// `/logs/<labId>`
std::string lab_log_namespace(std::string_view lab_id);

/// `/logs/<labId>/<node>`
std::string node_log_namespace(std::string_view lab_id, std::string_view node);

/// `/shells/<shellId>`
std::string shell_namespace(std::string_view shell_id);

} // namespace stibium::antimony
