#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace stibium::containerlab {

/// The text of a topology as an instance is deployed from it: its `name` is the instance's, and relative paths (binds,
/// startup-config, license, env-files, ...) start at `source_folder`, though the file stands elsewhere. All else stays
/// as it is, comments and order too. Paths that containerlab makes up by itself (`__clabDir__`, `~`, `$VAR`, URLs) and
/// inline configurations are left alone. Error: `runtime_failed` with the line.
caf::expected<std::string> instance_topology(std::string_view text, const std::string& instance,
                                             const std::string& source_folder);

} // namespace stibium::containerlab
