#include "protocol/topology/yaml_value.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>
#include <unordered_set>

namespace stibium::topology {

namespace {

// Ends the parsing from within a handler; never leaves read_yaml.
struct refusal {
  problem what;
};

[[noreturn]] void refuse(int line, int column, std::string message) {
  throw refusal{{line, column, std::move(message)}};
}

// What a value costs with all that is in it.
struct weight {
  size_t values = 0, bytes = 0, depth = 0;
};

weight weigh(const yaml_value& value) {
  weight out{1, value.text.size(), 1};
  const auto add = [&](const yaml_value& part) {
    const auto w = weigh(part);
    out.values += w.values;
    out.bytes += w.bytes;
    out.depth = std::max(out.depth, w.depth + 1);
  };
  for (const auto& item : value.items) add(item);
  for (const auto& [key, part] : value.pairs) {
    add(key);
    add(part);
  }
  return out;
}

// Builds the value from the parser's events.
class builder final : public YAML::EventHandler {
public:
  explicit builder(const yaml_limits& limits)
      : limits_{limits} {}

  yaml_value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0)
      refuse(mark.line + 1, mark.column + 1, "a second document begins here: one file holds one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(make(mark), anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto made = make(mark);
    made.type = yaml_value::kind::scalar;
    made.quoted = tag == "!";
    made.text = value;
    finish(std::move(made), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      refuse(mark.line + 1, mark.column + 1, "an alias stands within the anchor that it names");
    auto made = found->second;
    made.line = mark.line + 1;
    made.column = mark.column + 1;
    finish(std::move(made), 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, yaml_value::kind::sequence, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, yaml_value::kind::map, anchor);
  }
  void OnMapEnd() override { close(); }

private:
  struct frame {
    yaml_value value;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    yaml_value key;
    std::unordered_set<std::string> keys;
    std::vector<yaml_value> merges;
  };

  static yaml_value make(const YAML::Mark& mark) {
    yaml_value out;
    out.line = mark.line + 1;
    out.column = mark.column + 1;
    return out;
  }

  [[noreturn]] void refuse_depth(int line, int column) const {
    refuse(line, column, fmt::format("nested deeper than {} levels", limits_.depth));
  }

  void open(const YAML::Mark& mark, yaml_value::kind type, YAML::anchor_t anchor) {
    if (frames_.size() >= limits_.depth) refuse_depth(mark.line + 1, mark.column + 1);
    frames_.emplace_back();
    frames_.back().value = make(mark);
    frames_.back().value.type = type;
    frames_.back().anchor = anchor;
  }

  void close() {
    auto done = std::move(frames_.back());
    frames_.pop_back();
    for (const auto& merged : done.merges)
      for (const auto& pair : merged.pairs)
        if (done.keys.insert(pair.first.text).second) done.value.pairs.push_back(pair);
    // What is inside has been charged already.
    store(std::move(done.value), done.anchor);
  }

  void finish(yaml_value value, YAML::anchor_t anchor) {
    const auto w = weigh(value);
    if (frames_.size() + w.depth > limits_.depth) refuse_depth(value.line, value.column);
    total_.values += w.values;
    total_.bytes += w.bytes;
    if (total_.values > limits_.values || total_.bytes > limits_.value_bytes)
      refuse(value.line, value.column,
             fmt::format("the document is too large: with aliases written out it may hold {} values and {} bytes",
                         limits_.values, limits_.value_bytes));
    store(std::move(value), anchor);
  }

  void store(yaml_value value, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = value;
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& top = frames_.back();
    if (top.value.is_sequence())
      top.value.items.push_back(std::move(value));
    else if (!top.has_key)
      take_key(top, std::move(value));
    else
      take_pair(top, std::move(value));
  }

  static void take_key(frame& top, yaml_value key) {
    if (!key.is_scalar() && !key.is_null()) refuse(key.line, key.column, "a key must be a text, not a map or a list");
    if (key.is_null()) {
      key.type = yaml_value::kind::scalar;
      key.text = "null";
    }
    top.key = std::move(key);
    top.has_key = true;
  }

  void take_pair(frame& top, yaml_value value) {
    top.has_key = false;
    if (top.key.text == "<<" && !top.key.quoted) return take_merge(top, std::move(value));
    if (!top.keys.insert(top.key.text).second)
      refuse(top.key.line, top.key.column,
             fmt::format("key \"{}\" is there twice: remove one of the two", top.key.text));
    top.value.pairs.emplace_back(std::move(top.key), std::move(value));
  }

  // Merged values are copied once more when the map closes, so they are charged twice.
  void take_merge(frame& top, yaml_value value) {
    const auto w = weigh(value);
    total_.values += w.values;
    total_.bytes += w.bytes;
    std::vector<yaml_value> sources;
    if (value.is_sequence())
      sources = std::move(value.items);
    else
      sources.push_back(std::move(value));
    for (auto& source : sources) {
      if (!source.is_map()) refuse(source.line, source.column, "<< takes a map, or a list of maps");
      top.merges.push_back(std::move(source));
    }
  }

  yaml_limits limits_;
  yaml_value root_;
  std::vector<frame> frames_;
  std::map<YAML::anchor_t, yaml_value> anchors_;
  weight total_;
  int documents_ = 0;
};

} // namespace

yaml_value::yaml_value() = default;
yaml_value::~yaml_value() = default;
yaml_value::yaml_value(const yaml_value&) = default;
yaml_value::yaml_value(yaml_value&&) noexcept = default;
yaml_value& yaml_value::operator=(const yaml_value&) = default;
yaml_value& yaml_value::operator=(yaml_value&&) noexcept = default;

const yaml_value* yaml_value::find(std::string_view key) const {
  for (const auto& [name, value] : pairs)
    if (name.text == key) return &value;
  return nullptr;
}

boost::system::result<yaml_value, problem> read_yaml(std::string_view text, const yaml_limits& limits) {
  if (text.size() > limits.text_bytes)
    return problem{0, 0, fmt::format("the file is larger than {} bytes", limits.text_bytes)};
  builder made{limits};
  try {
    std::istringstream in{std::string{text}};
    YAML::Parser parser{in};
    while (parser.HandleNextDocument(made)) {
    }
    return made.take();
  } catch (const refusal& refused) {
    return refused.what;
  } catch (const YAML::Exception& err) {
    if (err.mark.is_null()) return problem{0, 0, err.msg};
    return problem{err.mark.line + 1, err.mark.column + 1, err.msg};
  } catch (const std::exception& err) {
    return problem{0, 0, fmt::format("cannot be read: {}", err.what())};
  }
}

const char* describe(const yaml_value& value) {
  switch (value.type) {
  case yaml_value::kind::map: return "a map";
  case yaml_value::kind::sequence: return "a list";
  case yaml_value::kind::scalar: return "a text";
  case yaml_value::kind::null: break;
  }
  return "nothing";
}

bool read_flag(const yaml_value& value, bool& into) {
  if (!value.is_scalar() || value.quoted) return false;
  const auto& text = value.text;
  const bool yes = text == "true" || text == "True" || text == "TRUE";
  if (!yes && text != "false" && text != "False" && text != "FALSE") return false;
  into = yes;
  return true;
}

bool read_int(const yaml_value& value, int& into) {
  if (!value.is_scalar() || value.quoted || value.text.empty()) return false;
  const auto* const end = value.text.data() + value.text.size();
  int number = 0;
  const auto [stop, bad] = std::from_chars(value.text.data(), end, number);
  if (bad != std::errc{} || stop != end) return false;
  into = number;
  return true;
}

} // namespace stibium::topology
