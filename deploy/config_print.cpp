#include "deploy/config_keys.hpp"

#include <sstream>

namespace stibium::deploy {

namespace {

constexpr size_t columns = 120;

// Text as comment lines, wrapped.
void comment(std::string& out, const std::string& indent, const std::string& text) {
  std::istringstream words{text};
  std::string word, line = indent + "#";
  while (words >> word) {
    if (line.size() + 1 + word.size() > columns) {
      out += line + "\n";
      line = indent + "#";
    }
    line += " " + word;
  }
  out += line + "\n";
}

} // namespace

std::string to_yaml(const settings& values) {
  std::string out =
      "# The configuration of stibiumd. Every key is here with its default; remove what you do not change.\n"
      "# Check a file with: stibiumd --check-config --config FILE\n"
      "# Relative folders start where the file is. The command line overrides the file.\n";
  std::string section;
  for (const auto& rule : rules()) {
    const auto dot = rule.name.find('.');
    if (rule.name.substr(0, dot) != section) {
      section = rule.name.substr(0, dot);
      out += "\n" + section + ":\n";
    }
    comment(out, "  ", rule.meaning + " (" + rule.takes + ")");
    out += "  " + rule.name.substr(dot + 1) + ": " + rule.show(values) + "\n";
  }
  return out;
}

} // namespace stibium::deploy
