#include "transport/runtime/containerlab/cli.hpp"

#include "actors/error.hpp"
#include "transport/runtime/command_line.hpp"
#include "transport/runtime/strays.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

extern char** environ;

namespace stibium::containerlab {

using namespace std::chrono_literals;

namespace {

constexpr auto probe_deadline = 10s;
constexpr auto stray_grace = 3s;
// poll(2) counts milliseconds in an int; a stream that long is opened anew.
constexpr auto stream_deadline = 12h;

std::vector<runtime::stop_step> stop_steps() { return {{SIGINT, 5s}, {SIGTERM, 2s}}; }

} // namespace

std::string clab_version::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

clab_version read_version(std::string_view text) {
  constexpr std::string_view label = "version:";
  clab_version found;
  const auto at = text.find(label);
  if (at == std::string_view::npos) return found;
  auto rest = text.substr(at + label.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \tv"), rest.size()));
  for (int* part : {&found.major, &found.minor, &found.patch}) {
    const auto [end, bad] = std::from_chars(rest.data(), rest.data() + rest.size(), *part);
    if (bad != std::errc{}) break;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    if (!rest.starts_with('.')) break;
    rest.remove_prefix(1);
  }
  return found;
}

caf::expected<runtime::program> cli::program_for(const std::vector<std::string>& args,
                                                 const std::string& folder) const {
  const char* path = std::getenv("PATH");
  auto binary = runtime::find_executable(how_.binary, path ? path : runtime::default_path);
  if (binary.empty()) {
    const bool named = how_.binary.find('/') != std::string::npos;
    return failure(ec::runtime_unavailable,
                   how_.binary + (named ? " is no program" : " is not installed: it is not on the PATH"));
  }
  runtime::program what;
  what.argv = {std::move(binary)};
  what.argv.insert(what.argv.end(), args.begin(), args.end());
  what.env = environment(folder);
  return what;
}

std::string cli::mark() const { return runtime::run_root_mark(how_.run_root); }

std::vector<std::string> cli::environment(const std::string& folder) const {
  std::vector<std::string> env{mark(), "CLAB_VERSION_CHECK=disable", "CLAB_LABDIR_BASE=" + folder};
  if (!how_.docker_host.empty()) env.push_back("DOCKER_HOST=" + how_.docker_host);
  for (char** each = environ; *each; ++each) {
    const std::string_view entry = *each;
    const auto key = entry.substr(0, entry.find('=') + 1);
    // The service's own, secrets among them: a topology may name any variable.
    if (entry.starts_with("SB_") || entry.starts_with("STIBIUM_")) continue;
    const bool set = std::any_of(env.begin(), env.end(), [&](const auto& ours) { return ours.starts_with(key); });
    if (!set) env.emplace_back(entry);
  }
  return env;
}

caf::expected<clab_version> cli::version() const {
  const runtime::interrupter never;
  const auto result = run({"version"}, "/", nullptr, never, probe_deadline);
  if (result.error) return failure(ec::runtime_unavailable, "containerlab cannot be run: " + message_of(result.error));
  return read_version(result.out);
}

caf::expected<std::vector<inspected_node>> cli::inspect() const {
  const runtime::interrupter never;
  auto result = run({"inspect", "--all", "--format", "json"}, "/", nullptr, never, probe_deadline);
  if (result.error)
    return failure(ec::runtime_unavailable, "containerlab cannot inspect labs: " + message_of(result.error));
  auto nodes = read_inspect(result.out); // older versions say in words that there are none
  return nodes ? std::move(*nodes) : std::vector<inspected_node>{};
}

clab_result cli::run(const std::vector<std::string>& args, const std::string& folder, const line_sink& log,
                     const runtime::interrupter& stop, std::chrono::milliseconds deadline, bool all) const {
  clab_result result;
  auto what = program_for(args, folder);
  if (!what) return result.error = std::move(what.error()), result;
  what->folder = folder;
  runtime::run_options how;
  how.deadline = deadline;
  how.stop_steps = stop_steps();
  how.on_line = [&](std::string_view raw, bool from_stderr) {
    auto line = result.said.take(raw, from_stderr);
    if (log && !line.empty() && (all || from_stderr)) log(std::move(line));
  };
  auto ended = runtime::run(std::move(*what), how, stop);
  if (!ended) return result.error = std::move(ended.error()), result;
  result.out = std::move(ended->out);
  if (ended->ok()) return result;
  auto why = result.said.reason();
  if (why.empty() || WIFSIGNALED(ended->status))
    why = "containerlab ended with " + runtime::describe_status(ended->status) + (why.empty() ? "" : ": " + why);
  return result.error = failure(ec::runtime_failed, std::move(why)), result;
}

std::string cli::stream(const std::vector<std::string>& args, const std::function<void(std::string_view)>& on_line,
                        const runtime::interrupter& stop) const {
  auto what = program_for(args, how_.run_root);
  if (!what) return message_of(what.error());
  runtime::run_options how;
  how.deadline = stream_deadline;
  how.stop_steps = stop_steps();
  output_reader said;
  how.on_line = [&](std::string_view raw, bool from_stderr) {
    if (from_stderr)
      said.take(raw, true);
    else
      on_line(raw);
  };
  const auto ended = runtime::run(std::move(*what), how, stop);
  if (!ended) return message_of(ended.error());
  const auto why = said.reason();
  return why.empty() ? runtime::describe_status(ended->status) : why;
}

void cli::end_strays() const { runtime::end_strays(mark(), {}, {{SIGINT, stray_grace}}); }

} // namespace stibium::containerlab
