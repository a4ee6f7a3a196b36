#include "transport/runtime/containerlab/output.hpp"

#include <cctype>

namespace stibium::containerlab {

namespace {

constexpr char escape = '\x1b', bell = '\a';
constexpr size_t max_names = 10'000; // of nodes, in each set

bool is_final(char c) { return c >= 0x40 && c <= 0x7e; }

// Skips the escape sequence at `at`; \return where the text goes on.
size_t skip_escape(std::string_view raw, size_t at) {
  if (++at >= raw.size()) return raw.size();
  if (raw[at] == '[') { // CSI: parameters, then a final byte
    for (++at; at < raw.size() && !is_final(raw[at]); ++at) {
    }
    return std::min(at + 1, raw.size());
  }
  if (raw[at] == ']') { // OSC: a text up to BEL or ESC backslash
    for (++at; at < raw.size() && raw[at] != bell && raw[at] != escape; ++at) {
    }
    if (at < raw.size() && raw[at] == escape) ++at;
    return std::min(at + 1, raw.size());
  }
  for (; at < raw.size() && raw[at] >= 0x20 && raw[at] <= 0x2f; ++at) { // charset choices have one more byte
  }
  return std::min(at + 1, raw.size());
}

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

// The text after "HH:MM:SS LEVL "; empty when the line is no log line. `level` gets the four letters.
std::string_view message_in(std::string_view line, std::string_view& level) {
  if (line.size() < 14 || line[2] != ':' || line[5] != ':' || line[8] != ' ') return {};
  level = line.substr(9, 4);
  return trimmed(line.substr(13));
}

// "n1:eth1" → "n1".
std::string node_of(std::string_view end) {
  end = trimmed(end);
  return std::string{end.substr(0, end.rfind(':'))};
}

} // namespace

std::string plain_line(std::string_view raw) {
  std::string line;
  line.reserve(raw.size());
  for (size_t at = 0; at < raw.size();) {
    const char c = raw[at];
    if (c == escape) {
      at = skip_escape(raw, at);
      continue;
    }
    ++at;
    if (c == '\r' && raw.find_first_not_of('\r', at) != std::string_view::npos)
      line.clear();
    else if (c == '\t' || static_cast<unsigned char>(c) >= 0x20)
      if (c != '\x7f') line += c;
  }
  line.resize(line.find_last_not_of(" \t") + 1); // npos + 1 is 0
  return line;
}

std::string value_of(std::string_view line, std::string_view key) {
  for (size_t at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
    const auto end = at + key.size();
    if (end >= line.size() || line[end] != '=' || (at > 0 && line[at - 1] != ' ')) continue;
    auto value = line.substr(end + 1);
    if (value.empty() || value[0] != '"') return std::string{value.substr(0, value.find(' '))};
    std::string text;
    for (size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      text += value[i];
    }
    return text;
  }
  return {};
}

std::string output_reader::take(std::string_view raw, bool from_stderr) {
  auto line = plain_line(raw);
  if (line.empty()) return line;
  if (!from_stderr) return line;
  std::string_view level;
  const auto message = message_in(line, level);
  if (message.empty() && trimmed(line) == "ERROR") {
    in_block_ = true;
    block_.clear();
    return {}; // its text follows
  }
  if (in_block_ && message.empty()) {
    add_to_block(line);
    return line;
  }
  in_block_ = false;
  const bool harmless = level == "INFO" || level == "DEBU";
  if (!harmless)
    last_line_ = std::string{trimmed(message.empty() ? std::string_view{line} : message)}.substr(0, max_reason);
  if (level == "ERRO" || level == "FATA") last_error_ = last_line_;
  note(line);
  return line;
}

// containerlab wraps the text at blanks and after hyphens; the hyphen is followed by one blank that was not there.
void output_reader::add_to_block(const std::string& line) {
  const auto part = trimmed(line);
  if (block_.size() + part.size() > max_reason) return;
  const bool in_word =
      block_.size() > 1 && block_.back() == '-' && std::isalnum(static_cast<unsigned char>(block_[block_.size() - 2]));
  if (!block_.empty() && !in_word) block_ += ' ';
  block_ += part;
}

void output_reader::note(const std::string& line) {
  constexpr std::string_view created = "Created link: ", between = " ▪┄┄▪ ";
  if (const auto at = line.find(created); at != std::string::npos) {
    const auto ends = std::string_view{line}.substr(at + created.size());
    const auto middle = ends.find(between);
    if (middle == std::string_view::npos || linked_.size() >= max_names) return;
    linked_.insert(node_of(ends.substr(0, middle)));
    linked_.insert(node_of(ends.substr(middle + between.size())));
  } else if (line.find(" Executed command ") != std::string::npos ||
             line.find(" Failed to execute command ") != std::string::npos) {
    auto node = value_of(line, "node");
    if (!node.empty() && executed_.size() < max_names) executed_.insert(std::move(node));
  } else if (line.find(" Creating docker network ") != std::string::npos) {
    made_network_ = value_of(line, "name");
  } else if (line.find("no containerlab containers found") != std::string::npos) {
    found_nothing_ = true;
  }
}

std::string output_reader::reason() const {
  if (!block_.empty()) return block_;
  return last_error_.empty() ? last_line_ : last_error_;
}

bool output_reader::cancelled() const { return block_.find("ontext canceled") != std::string::npos; }

} // namespace stibium::containerlab
