#include "transport/runtime/sandbox.hpp"

#include "actors/error.hpp"
#include "transport/runtime/command_line.hpp"
#include "transport/runtime/state_file.hpp"
#include "transport/runtime/strays.hpp"

#include <rapidjson/document.h>

#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <sys/stat.h>

namespace stibium::runtime {

namespace {

using namespace std::chrono_literals;

constexpr const char* root_netns = "/run/netns";
constexpr auto probe_deadline = 10s;

// Makes the holder of a user namespace: $1 is where the names of network namespaces go. Says "ready" on stdout, which
// is then let go, because the holder outlives its maker.
constexpr const char* holder_script = "mount -t tmpfs -o mode=700 tmpfs \"$1\" && ip link set lo up && echo ready && "
                                      "exec >/dev/null 2>&1 && exec sleep infinity";

void add(std::vector<std::string>& to, std::vector<std::string> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::string number(pid_t pid) { return std::to_string(pid); }

} // namespace

std::string to_string(isolation how) {
  switch (how) {
  case isolation::root: return "root";
  case isolation::user_namespace: return "user namespace";
  case isolation::processes: return "processes";
  case isolation::automatic: break;
  }
  return "automatic";
}

std::string sandbox::tool(const std::string& name) const {
  const auto at = tools_.find(name);
  return at == tools_.end() ? std::string{} : at->second;
}

sandbox sandbox::open(const std::string& run_root, isolation wanted) {
  sandbox result;
  result.mark_ = run_root_mark(run_root);
  std::string missing;
  for (const auto* name : {"ip", "unshare", "nsenter", "setsid", "mount", "sh", "env", "sleep"}) {
    result.tools_[name] = find_executable(name);
    if (result.tools_[name].empty()) missing += std::string{missing.empty() ? "" : ", "} + name;
  }
  std::error_code code;
  std::filesystem::create_directories(run_root, code);
  if (!missing.empty()) {
    result.last_error_ = missing + " not installed";
  } else if (wanted != isolation::processes) {
    if (wanted != isolation::user_namespace && result.try_root()) return result;
    if (wanted != isolation::root && result.try_user_namespace(run_root)) return result;
  }
  result.how_ = isolation::processes;
  result.detail_ = "processes only: " + (wanted == isolation::processes ? "as configured" : result.last_error_);
  return result;
}

bool sandbox::works(program what) {
  const auto ended =
      run(std::move(what), {.input = {}, .deadline = probe_deadline, .stop_steps = {}, .on_line = {}}, {});
  if (ended && ended->ok()) return true;
  last_error_ = ended ? ended->last_error() : message_of(ended.error());
  return false;
}

bool sandbox::try_root() {
  if (::geteuid() != 0) return last_error_ = "not root", false;
  how_ = isolation::root;
  netns_folder_ = root_netns;
  detail_ = "Linux namespaces as root";
  // Namespaces may be allowed where links are not.
  return works(outside({tool("unshare"), "--net", "--uts", "--mount", "--pid", "--fork", "--", tool("sh"), "-c",
                        "mount -t proc proc /proc && ip link add eth0 type veth peer name eth1 && ip link set lo up"}));
}

bool sandbox::try_user_namespace(const std::string& run_root) {
  how_ = isolation::user_namespace;
  netns_folder_ = run_root + "/netns";
  detail_ = "inside a user namespace";
  std::error_code code;
  std::filesystem::create_directories(netns_folder_, code);
  if (!take_holder_back(run_root) && !start_holder(run_root)) return false;
  if (works(outside({tool("unshare"), "--net", "--uts", "--mount", "--pid", "--fork", "--", tool("sh"), "-c",
                     "ip link add eth0 type veth peer name eth1 && ip link set lo up"})))
    return true;
  send_signal(holder_, SIGKILL);
  return false;
}

process_id sandbox::read_holder(const std::string& run_root) {
  const auto text = read_file(run_root + "/holder.json");
  if (!text) return {};
  rapidjson::Document from;
  from.Parse(text->data(), text->size());
  if (from.HasParseError() || !from.IsArray() || from.Size() != 3 || !from[0].IsInt() || !from[1].IsUint64() ||
      !from[2].IsString() || from[2].GetString() != boot_id())
    return {};
  return {from[0].GetInt(), from[1].GetUint64()};
}

bool sandbox::take_holder_back(const std::string& run_root) {
  holder_ = read_holder(run_root);
  if (!holder_) return false;
  if (alive()) return true;
  int status;
  bool gone;
  try_reap(holder_.pid, status, gone); // it may have been a child of this process
  return false;
}

bool sandbox::start_holder(const std::string& run_root) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return last_error_ = "no pipe", false;
  const unique_fd ours{ends[0]};
  unique_fd theirs{ends[1]};
  program what;
  what.argv = {tool("unshare"), "--user", "--map-root-user", "--net", "--mount",    "--",
               tool("sh"),      "-c",     holder_script,     "sh",    netns_folder_};
  what.env = {std::string{"PATH="} + default_path, mark_};
  what.out = what.err = theirs.get();
  auto started = start(what);
  theirs.reset();
  if (!started) return last_error_ = message_of(started.error()), false;
  std::string said;
  char buffer[256];
  for (ssize_t n; (n = ::read(ours.get(), buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<size_t>(n));
  const auto found = find_process(started->pid);
  if (said != "ready\n" || !found) {
    int status;
    bool gone;
    ::kill(started->pid, SIGKILL);
    while (!try_reap(started->pid, status, gone) && !gone) ::usleep(1000);
    said.erase(said.find_last_not_of('\n') + 1);
    return last_error_ = said.empty() ? "the holder of the user namespace ended" : said, false;
  }
  holder_ = *found;
  const auto text = "[" + number(holder_.pid) + "," + std::to_string(holder_.start) + ",\"" + boot_id() + "\"]\n";
  if (write_whole(run_root + "/holder.json", text)) return true;
  end_holder();
  return last_error_ = run_root + "/holder.json cannot be written", false;
}

void sandbox::end_holder() const {
  if (how_ != isolation::user_namespace) return;
  std::error_code ignored;
  std::filesystem::remove(std::filesystem::path{netns_folder_}.parent_path() / "holder.json", ignored);
  send_signal(holder_, SIGKILL);
  int status;
  bool gone = false;
  for (int tries = 0; tries < 200 && !try_reap(holder_.pid, status, gone) && !gone; ++tries) ::usleep(1000);
}

program sandbox::outside(std::vector<std::string> argv) const {
  program result;
  result.env = {std::string{"PATH="} + default_path, "LANG=C", "LC_ALL=C", mark_};
  if (how_ == isolation::user_namespace)
    result.argv = {tool("nsenter"), "-t", number(holder_.pid), "-U", "-n", "-m", "--preserve-credentials", "--"};
  add(result.argv, std::move(argv));
  return result;
}

program sandbox::in_netns(std::string_view netns, std::vector<std::string> argv) const {
  if (how_ == isolation::processes) return outside(std::move(argv));
  std::vector<std::string> all{tool("nsenter"), "--net=" + netns_path(netns), "--"};
  add(all, std::move(argv));
  return outside(std::move(all));
}

program sandbox::new_node(std::string_view netns, std::vector<std::string> argv) const {
  if (how_ == isolation::processes) return outside(std::move(argv));
  std::vector<std::string> all{tool("unshare"), "--uts", "--mount", "--pid", "--kill-child", "--"};
  add(all, std::move(argv));
  return in_netns(netns, std::move(all));
}

program sandbox::in_node(process_id init, std::vector<std::string> argv) const {
  program result;
  result.env = {std::string{"PATH="} + default_path};
  if (how_ != isolation::processes) result.argv = {tool("nsenter"), "-t", number(init.pid), "-n", "-u", "-m", "-p"};
  if (how_ == isolation::user_namespace) add(result.argv, {"-U", "--preserve-credentials"});
  if (how_ != isolation::processes) result.argv.emplace_back("--");
  add(result.argv, std::move(argv));
  return result;
}

} // namespace stibium::runtime
