#include "transport/runtime/command_line.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace stibium::runtime {

namespace {

constexpr size_t max_quoted = 4096;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

} // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (!quote && is_blank(c)) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    const bool escapes = c == '\\' && quote != '\'' && i + 1 < line.size();
    if (escapes) {
      // Within double quotes a backslash stands for itself unless something special follows.
      if (quote && line[i + 1] != '"' && line[i + 1] != '\\' && line[i + 1] != '$' && line[i + 1] != '`')
        words.back() += c;
      words.back() += line[++i];
    } else if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? 0 : c;
    } else {
      words.back() += c;
    }
  }
  if (quote) return std::nullopt;
  return words;
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text.substr(0, max_quoted)) {
    switch (c) {
    case '"': result += "\\\""; break;
    case '\\': result += "\\\\"; break;
    case '\n': result += "\\n"; break;
    case '\r': result += "\\r"; break;
    case '\t': result += "\\t"; break;
    case '\x1b': result += "\\x1b"; break;
    default: result += c;
    }
  }
  return result += text.size() > max_quoted ? "…\"" : "\"";
}

std::string find_executable(const std::string& name, std::string_view path) {
  const auto executable = [](const std::string& file) {
    struct stat info {};
    return ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return executable(name) ? name : "";
  while (!name.empty() && !path.empty()) {
    const auto colon = path.find(':');
    auto file = std::string{path.substr(0, colon)} + "/" + name;
    if (executable(file)) return file;
    path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
  }
  return {};
}

} // namespace stibium::runtime
