#include "transport/runtime/state_file.hpp"

#include "transport/runtime/unique_fd.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>

namespace stibium::runtime {

namespace fs = std::filesystem;

namespace {

constexpr const char* state_name = "state.json";

constexpr int version = 1;
constexpr size_t max_file = 4 * 1024 * 1024;

using writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(writer& out, const char* key, const std::string& text) {
  out.Key(key);
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(writer& out, const char* key, const std::vector<std::string>& texts) {
  out.Key(key);
  out.StartArray();
  for (const auto& text : texts) out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  out.EndArray();
}

using value = rapidjson::Value;

bool get(const value& from, const char* key, std::string& into) {
  const auto at = from.FindMember(key);
  if (at == from.MemberEnd() || !at->value.IsString()) return false;
  into.assign(at->value.GetString(), at->value.GetStringLength());
  return true;
}

bool get(const value& from, const char* key, std::vector<std::string>& into) {
  const auto at = from.FindMember(key);
  if (at == from.MemberEnd() || !at->value.IsArray()) return false;
  for (const auto& item : at->value.GetArray()) {
    if (!item.IsString()) return false;
    into.emplace_back(item.GetString(), item.GetStringLength());
  }
  return true;
}

bool get_nodes(const value& from, std::vector<node_record>& into) {
  const auto at = from.FindMember("nodes");
  if (at == from.MemberEnd() || !at->value.IsArray()) return false;
  for (const auto& item : at->value.GetArray()) {
    node_record node;
    if (!item.IsObject() || !get(item, "name", node.name) || !get(item, "kind", node.kind) ||
        !get(item, "netns", node.netns) || !get(item, "interfaces", node.interfaces) ||
        !get(item, "toHost", node.to_host))
      return false;
    into.push_back(std::move(node));
  }
  return true;
}

// Whether nothing is in a folder but, perhaps, a state file that is being written.
bool is_beginning(const fs::path& home) {
  std::error_code code;
  for (fs::directory_iterator at{home, code}, end; !code && at != end; at.increment(code))
    if (at->path().filename() != draft_of(state_name)) return false;
  return !code;
}

void get_holder(const value& from, process_id& into) {
  const auto at = from.FindMember("holder");
  if (at == from.MemberEnd() || !at->value.IsArray() || at->value.Size() != 2) return;
  if (at->value[0].IsInt() && at->value[1].IsUint64()) into = {at->value[0].GetInt(), at->value[1].GetUint64()};
}

} // namespace

std::string instance_record::file_of(std::string_view node, std::string_view what) const {
  return home() + "/" + std::string{node} + "." + std::string{what};
}

const node_record* instance_record::find(std::string_view node) const {
  for (const auto& each : nodes)
    if (each.name == node) return &each;
  return nullptr;
}

std::string to_json(const instance_record& record) {
  rapidjson::StringBuffer text;
  writer out{text};
  out.StartObject();
  out.Key("version");
  out.Int(version);
  put(out, "lab", record.lab);
  put(out, "name", record.name);
  put(out, "folder", record.folder);
  put(out, "topology", record.topology);
  put(out, "source", record.source);
  put(out, "boot", record.boot);
  put(out, "isolation", record.isolation);
  out.Key("holder");
  out.StartArray();
  out.Int(record.holder.pid);
  out.Uint64(record.holder.start);
  out.EndArray();
  out.Key("nodes");
  out.StartArray();
  for (const auto& node : record.nodes) {
    out.StartObject();
    put(out, "name", node.name);
    put(out, "kind", node.kind);
    put(out, "netns", node.netns);
    put(out, "interfaces", node.interfaces);
    put(out, "toHost", node.to_host);
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
  return text.GetString();
}

std::optional<instance_record> read_record(std::string_view json) {
  rapidjson::Document from;
  from.Parse(json.data(), json.size());
  instance_record record;
  if (from.HasParseError() || !from.IsObject()) return std::nullopt;
  // A value is not compared with `==`: in C++20 RapidJSON's operator calls itself for ever.
  const auto at = from.FindMember("version");
  if (at == from.MemberEnd() || !at->value.IsInt() || at->value.GetInt() != version) return std::nullopt;
  if (!get(from, "lab", record.lab) || !get(from, "name", record.name) || !get(from, "folder", record.folder) ||
      !get(from, "topology", record.topology) || !get(from, "source", record.source) ||
      !get(from, "boot", record.boot) || !get(from, "isolation", record.isolation) || !get_nodes(from, record.nodes))
    return std::nullopt;
  get_holder(from, record.holder);
  return record;
}

bool save(const instance_record& record) { return write_whole(record.home() + "/" + state_name, to_json(record)); }

std::string draft_of(const std::string& path) { return path + ".new"; }

bool write_whole(const std::string& path, std::string_view text, mode_t mode) {
  const auto fresh = draft_of(path);
  std::error_code code;
  {
    unique_fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
    if (!file) return false;
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0)
      return fs::remove(fresh, code), false;
  }
  fs::rename(fresh, path, code);
  return !code;
}

std::error_code remove_files(const instance_record& record) {
  std::error_code code, ignored;
  const fs::path home{record.home()};
  for (fs::directory_iterator at{home, code}, end; !code && at != end;) {
    const auto path = at->path();
    at.increment(code);
    if (!code && path.filename() != state_name) fs::remove_all(path, code);
  }
  if (code == std::errc::no_such_file_or_directory) code.clear();
  if (!code) fs::remove_all(home, code);
  if (!code) fs::remove(record.folder, ignored); // only when nothing else is in it
  return code;
}

void remove_beginnings(const std::string& run_root) {
  std::error_code code, ignored;
  for (fs::directory_iterator lab{run_root, code}, end; !code && lab != end; lab.increment(code)) {
    std::vector<fs::path> begun;
    for (fs::directory_iterator at{lab->path(), ignored}; !ignored && at != end; at.increment(ignored))
      if (at->is_directory(ignored) && is_beginning(at->path())) begun.push_back(at->path());
    for (const auto& home : begun) fs::remove_all(home, ignored);
    if (!begun.empty()) fs::remove(lab->path(), ignored);
  }
}

std::vector<instance_record> find_records(const std::string& run_root) {
  std::vector<instance_record> result;
  std::error_code code;
  for (fs::directory_iterator lab{run_root, code}, end; !code && lab != end; lab.increment(code)) {
    std::error_code inner;
    for (fs::directory_iterator at{lab->path(), inner}; !inner && at != end; at.increment(inner)) {
      const auto text = read_file(at->path() / state_name);
      auto record = text ? read_record(*text) : std::nullopt;
      // A state file that has been moved or copied speaks of another place.
      if (record && fs::path{record->home()} == at->path()) result.push_back(std::move(*record));
    }
  }
  return result;
}

std::optional<node_process> read_process(const instance_record& record, std::string_view node) {
  const auto text = read_file(record.file_of(node, "pid"));
  if (!text) return std::nullopt;
  const auto newline = text->find('\n');
  if (newline == std::string::npos) return std::nullopt;
  const auto init = parse_stat(std::string_view{*text}.substr(0, newline));
  const auto outer = parse_stat(std::string_view{*text}.substr(newline + 1));
  if (!init || !outer) return std::nullopt;
  return node_process{*outer, *init};
}

std::optional<int> read_exit_code(const instance_record& record, std::string_view node) {
  const auto text = read_file(record.file_of(node, "exit"));
  if (!text || text->empty() || text->find_first_not_of("0123456789\n") != std::string::npos) return std::nullopt;
  return std::atoi(text->c_str());
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return std::nullopt;
  std::string text;
  char buffer[16384];
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(file.gcount()));
    if (text.size() > max_file) return std::nullopt;
  }
  return text;
}

} // namespace stibium::runtime
