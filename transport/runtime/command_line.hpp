#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::runtime {

/// Splits a command line of a topology into words as containerlab does: blanks separate, single and double quotes and
/// backslashes keep together; nothing is expanded. Nothing when a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view line);

/// A text for one value in a log line: in double quotes, with line ends and the like escaped, cut at 4 KiB.
std::string in_quotes(std::string_view text);

/// The search path for the tools and for nodes that set none.
inline constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where `name` is on a search path: an executable file; empty when it is nowhere. A name with a slash stands for
/// itself.
std::string find_executable(const std::string& name, std::string_view path = default_path);

} // namespace stibium::runtime
