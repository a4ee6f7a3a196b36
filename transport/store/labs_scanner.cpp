#include "transport/store/labs_scanner.hpp"

#include "protocol/antimony/uuid.hpp"
#include "protocol/topology/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace stibium::store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view collection_file = "collection.yml";
constexpr std::string_view default_collection = "default";

bool is_topology_file(std::string_view name) {
  return !name.starts_with('.') && (name.ends_with(".clab.yml") || name.ends_with(".clab.yaml"));
}

std::string joined(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string{name} : folder + "/" + std::string{name};
}

// At most one byte more than a file may have: the reader then says that it is too large.
std::optional<std::string> read_file(const std::string& path, size_t most) {
  std::ifstream in{path, std::ios::binary};
  if (!in) return std::nullopt;
  std::string text(most + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::nullopt;
  text.resize(static_cast<size_t>(in.gcount()));
  text.shrink_to_fit();
  return text;
}

bool same(const lab_file& a, const lab_file& b) {
  return a.path == b.path && a.name == b.name && a.collection == b.collection && a.creator_id == b.creator_id &&
         a.creator_name == b.creator_name && a.public_deploy == b.public_deploy && a.topology == b.topology &&
         a.start_time == b.start_time && a.end_time == b.end_time;
}

} // namespace

labs_scanner::labs_scanner(labs_settings settings)
    : settings_{std::move(settings)} {
  std::error_code err;
  const auto absolute = fs::absolute(settings_.folder, err).lexically_normal();
  if (!err) settings_.folder = absolute.string();
  while (settings_.folder.size() > 1 && settings_.folder.ends_with('/')) settings_.folder.pop_back();
}

std::vector<labs_change> labs_scanner::scan() {
  changes_.clear();
  unreadable_now_.clear();
  auto places = list();
  if (places.size() > max_lab_files) {
    if (!too_many_)
      say(severity::error, settings_.folder, {{0, 0, fmt::format("holds more than {} topology files", max_lab_files)}},
          {}, "the rest is not read");
    places.resize(max_lab_files);
    too_many_ = true;
  } else {
    too_many_ = false;
  }
  std::set<std::string> folders, present;
  for (const auto& each : places) {
    if (!each.folder.empty() && folders.insert(each.folder).second) look_at_collection(each.folder);
    present.insert(each.relative);
    look_at_file(each);
  }
  drop_missing(present);
  std::erase_if(collections_, [&](const auto& each) { return !folders.contains(each.first); });
  return std::move(changes_);
}

// In the order of their paths, so that what is said comes in the same order every time.
std::vector<labs_scanner::place> labs_scanner::list() {
  folders_ = {settings_.folder};
  std::vector<place> out;
  std::vector<std::string> sub_folders, ignored;
  list_folder({}, out, sub_folders);
  for (const auto& each : sub_folders) {
    folders_.push_back(settings_.folder + "/" + each);
    list_folder(each, out, ignored);
  }
  std::sort(out.begin(), out.end(), [](const place& a, const place& b) { return a.relative < b.relative; });
  return out;
}

void labs_scanner::list_folder(const std::string& folder, std::vector<place>& into,
                               std::vector<std::string>& sub_folders) {
  std::error_code err;
  fs::directory_iterator at{joined(settings_.folder, folder), err}, end;
  while (!err && at != end) {
    const auto name = at->path().filename().string();
    std::error_code gone; // between listing and looking
    if (at->is_directory(gone) && !name.starts_with('.'))
      sub_folders.push_back(name);
    else if (is_topology_file(name) && at->is_regular_file(gone))
      into.push_back({joined(folder, name), folder});
    at.increment(err);
  }
  if (err)
    folder_fails(folder, err.message());
  else
    unreadable_.erase(folder);
}

void labs_scanner::folder_fails(const std::string& folder, const std::string& why) {
  unreadable_now_.insert(folder);
  auto& said = unreadable_[folder];
  if (said == why) return;
  said = why;
  say(severity::error, joined(settings_.folder, folder), {{0, 0, "cannot be read: " + why}}, folder,
      "its labs stay as they are");
}

std::optional<labs_scanner::stamp> labs_scanner::stamp_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return std::nullopt;
  const auto modified = static_cast<int64_t>(about.st_mtim.tv_sec) * 1000000000 + about.st_mtim.tv_nsec;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - modified;
  return stamp{modified, static_cast<uint64_t>(about.st_size), about.st_ino, age < 2000000000};
}

void labs_scanner::look_at_collection(const std::string& folder) {
  const auto name = joined(folder, collection_file);
  const auto path = joined(settings_.folder, name);
  auto& known = collections_[folder];
  const auto now = stamp_of(path).value_or(stamp{});
  if (known.read && known.seen == now && !now.fresh) return;
  const bool changed = !known.read || known.seen != now;
  known.seen = now;
  known.read = true;
  if (now == stamp{}) {
    known.says = {};
    return;
  }
  const auto text = read_file(path, topology::max_collection_bytes);
  auto got = text ? topology::read_collection(*text) : topology::collection_reading{{}, {{0, 0, "cannot be read"}}, {}};
  known.says = got.value.value_or(topology::collection{});
  if (!changed) return;
  if (!got.errors.empty())
    say(severity::error, name, got.errors, folder, "its labs belong to the native user until it is mended");
  if (!got.warnings.empty()) say(severity::warning, name, got.warnings, folder, {});
}

void labs_scanner::look_at_file(const place& where) {
  auto& file = files_[where.relative];
  const auto now = stamp_of(joined(settings_.folder, where.relative));
  if (!now) return; // gone since it was listed: the next look tells
  if (!file.read || file.seen != *now || now->fresh) read_text(where, file);
  file.seen = *now;
  if (file.lab) {
    auto made = describe(where);
    made.name = file.lab->name;
    made.topology = file.lab->topology;
    publish(where, file, std::move(made));
  }
}

void labs_scanner::read_text(const place& where, known_file& file) {
  const auto text = read_file(joined(settings_.folder, where.relative), topology::max_topology_bytes);
  if (file.read && text && *text == file.text) return;
  const auto got = text ? topology::read_topology(*text) : topology::reading{{}, {{0, 0, "cannot be read"}}, {}};
  file.text = text.value_or(std::string{});
  file.read = text.has_value();
  if (!got.value) {
    const bool told = file.broken && !text;
    file.broken = true;
    if (!told)
      say(severity::error, where.relative, got.errors, where.folder,
          file.lab ? "the lab keeps its last topology" : "there is no lab until it is mended");
    return;
  }
  if (!got.warnings.empty()) say(severity::warning, where.relative, got.warnings, where.folder, {});
  if (file.broken) say(severity::success, where.relative, {{0, 0, "is in order again"}}, where.folder, {});
  file.broken = false;
  auto made = describe(where);
  made.name = got.value->name;
  made.topology = file.text;
  publish(where, file, std::move(made));
}

void labs_scanner::publish(const place&, known_file& file, lab_file made) {
  if (file.lab && same(*file.lab, made)) return;
  file.lab = made;
  changes_.emplace_back(std::move(made));
}

void labs_scanner::drop_missing(const std::set<std::string>& present) {
  // When the top cannot be read, nothing is known of any folder.
  if (unreadable_now_.contains({})) return;
  for (auto at = files_.begin(); at != files_.end();) {
    const auto slash = at->first.find('/');
    const auto folder = slash == std::string::npos ? std::string{} : at->first.substr(0, slash);
    if (present.contains(at->first) || unreadable_now_.contains(folder)) {
      ++at;
      continue;
    }
    if (at->second.lab) changes_.emplace_back(lab_file_gone{at->second.lab->id});
    at = files_.erase(at);
  }
}

lab_file labs_scanner::describe(const place& where) const {
  lab_file out;
  out.id = {antimony::lab_uuid(where.relative)};
  out.path = joined(settings_.folder, where.relative);
  out.collection = where.folder.empty() ? std::string{default_collection} : where.folder;
  out.collection_id = antimony::collection_uuid(out.collection);
  out.creator_name = settings_.native_user;
  if (const auto found = collections_.find(where.folder); found != collections_.end()) {
    const auto& says = found->second.says;
    if (!says.creator.empty()) out.creator_name = says.creator;
    out.public_deploy = says.public_deploy;
    const auto times = says.schedules.find(fs::path{where.relative}.filename().string());
    if (times != says.schedules.end()) {
      out.start_time = times->second.start;
      out.end_time = times->second.end;
    }
  }
  out.creator_id = antimony::user_uuid(out.creator_name);
  return out;
}

antimony::lab_access labs_scanner::access(const std::string& folder) const {
  const auto any = describe({joined(folder, "x"), folder});
  return {any.collection, any.creator_id, any.public_deploy};
}

void labs_scanner::say(severity level, const std::string& file, const std::vector<topology::problem>& problems,
                       const std::string& folder, std::string_view consequence) {
  status_message out;
  out.source = "labs folder";
  out.level = level;
  const auto& first = problems.front();
  out.content = fmt::format("{}{} {}", file, first.line == 0 ? "" : ",", topology::to_string(first));
  if (problems.size() > 1) out.content += fmt::format(" (and {} more)", problems.size() - 1);
  if (!consequence.empty()) out.content += fmt::format("; {}", consequence);
  for (const auto& each : problems)
    out.log_content += fmt::format("{}{}: {}", out.log_content.empty() ? "" : "\n", file, topology::to_string(each));
  if (!consequence.empty()) out.log_content += fmt::format("\n{}", consequence);
  out.about = access(folder);
  changes_.emplace_back(std::move(out));
}

} // namespace stibium::store
