#include "actors/error.hpp"
#include "transport/runtime/command_line.hpp"
#include "transport/runtime/lab_work.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>

namespace stibium::runtime {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto start_deadline = 30s; // for a node's init to be ready
constexpr auto kill_deadline = 5s;   // for a node to end after SIGKILL

// PID 1 of a node: settles in, starts the program, waits for it (and for every orphan), passes SIGTERM on. What goes
// wrong before the program runs, or "ready", goes to descriptor 3. $1: the node's name; $2: its files without their
// extensions; $3: lines for `ip -batch`, empty without namespaces; the rest: the program.
// The shell's `exec` must not look for a builtin, and programs expect SIGINT to be theirs: hence `env` in front of
// them.
constexpr const char* init_script = R"(fail() { echo "$1" >&3; exit 1; }
name=$1 files=$2 network=$3
shift 3
read -r self </proc/self/stat || fail "/proc cannot be read"
outer=$self
if [ -n "$network" ]; then
  parent=${self##*) }
  parent=${parent#* }
  read -r outer </proc/${parent%% *}/stat || fail "/proc cannot be read"
fi
printf '%s\n%s\n' "$self" "$outer" >"$files.pid" || fail "$files.pid cannot be written"
if [ -n "$network" ]; then
  hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname
  mount -t proc proc /proc || echo "/proc of the host is seen here"
  mount -t sysfs sysfs /sys 2>/dev/null
  said=$(printf '%s' "$network" | ip -batch - 2>&1) || fail "$said"
fi
child=
trap '[ -z "$child" ] || kill -TERM $child 2>/dev/null' TERM
exec 4<&0
"$@" <&4 3>&- 4<&- &
child=$!
trap '' PIPE # nobody listens any more when the service has been killed
echo ready >&3
exec 3>&- 4<&-
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || break
done
echo $code >"$files.exit"
if [ -z "$network" ]; then
  trap '' TERM
  kill -TERM 0 # what the end of a PID namespace would end
fi
exit $code
)";

const std::string& home_folder() {
  static const std::string folder = [] {
    const auto* entry = ::getpwuid(::geteuid());
    return std::string{entry && entry->pw_dir ? entry->pw_dir : "/"};
  }();
  return folder;
}

// The value of a variable in an environment of "KEY=value".
std::string_view value_of(const std::vector<std::string>& environment, std::string_view key) {
  std::string_view found;
  for (const std::string_view each : environment)
    if (each.starts_with(key) && each.substr(key.size()).starts_with("=")) found = each.substr(key.size() + 1);
  return found;
}

// The program of a node: `env` with the node's variables, then the words.
std::vector<std::string> with_environment(const lab_work& work, const std::vector<std::string>& environment,
                                          std::vector<std::string> words) {
  std::vector<std::string> argv{work.box.tool("env"), "--default-signal=INT,QUIT", "-i", "--"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.insert(argv.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
  return argv;
}

// What a node runs, its program found on its own search path.
caf::expected<std::vector<std::string>> program_of(const lab_work& work, const topology::node& node) {
  const auto failed = [&](const std::string& why) {
    return failure(ec::runtime_failed, "node \"" + node.name + "\" start: " + why);
  };
  auto words = split_words(node.entrypoint + " " + node.cmd);
  if (!words) return failed("a quote in its command is not closed: " + node.cmd);
  if (words->empty()) *words = {work.box.tool("sleep"), "infinity"};
  const auto environment = node_environment(node);
  const auto& name = words->front();
  // `env` would take a name with "=" for a variable.
  const auto path = name.find('=') == std::string::npos ? find_executable(name, value_of(environment, "PATH")) : "";
  if (path.empty())
    return failed(
        "exec: \"" + name + "\": " +
        (name.find('/') == std::string::npos ? "executable file not found in $PATH" : "no such executable file"));
  return with_environment(work, environment, std::move(*words));
}

// The lines that bring a node's interfaces up, with the addresses that the topology's links give them.
std::string network_text(const lab_work& work, const node_record& node) {
  std::string text = "link set lo up\n";
  for (const auto& name : node.interfaces) text += "link set " + name + " up\n";
  for (const auto& link : work.plan.links)
    for (const auto& end : link.ends) {
      if (end.node != node.name) continue;
      for (const auto& address : {end.ipv4, end.ipv6})
        if (!address.empty()) text += "addr add " + address + " dev " + end.interface + "\n";
    }
  return text;
}

constexpr const char* ready = "ready\n"; // says the init once the program runs

// What the init says, up to `ready` or its end: the parent of PID 1 keeps descriptor 3 open. Error: `cancelled`,
// `runtime_failed` when it takes too long.
caf::expected<std::string> hear(int fd, const interrupter& stop) {
  std::string said;
  const auto until = steady::now() + start_deadline;
  for (;;) {
    pollfd fds[] = {{fd, POLLIN, 0}, {stop.fd(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    ::poll(fds, 2, static_cast<int>(std::max<decltype(left)>(0, left)));
    if (stop.interrupted()) return failure(ec::cancelled, "cancelled");
    char buffer[512];
    const auto n = fds[0].revents ? ::read(fd, buffer, sizeof buffer) : -1;
    if (n == 0) return said;
    if (n > 0) said.append(buffer, static_cast<size_t>(n));
    if (said == ready) return said;
    if (steady::now() >= until || said.size() > max_line)
      return failure(ec::runtime_failed, "its init does not answer");
  }
}

// A node's log, for writing at its end.
unique_fd open_log(const instance_record& record, const std::string& node) {
  return unique_fd{::open(record.file_of(node, "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
}

// Ends what a failed start has left.
void discard(const child& started) {
  ::kill(-started.pid, SIGKILL);
  pollfd ended{started.pidfd.get(), POLLIN, 0};
  ::poll(&ended, 1, 10'000);
  int status;
  bool gone;
  try_reap(started.pid, status, gone);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// Waits for a process to end. False when it is still there after `time`.
bool wait_for_end(const unique_fd& process, std::chrono::milliseconds time, const interrupter& stop) {
  const auto until = steady::now() + time;
  for (;;) {
    pollfd fds[] = {{process.get(), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
    ::poll(fds, 2, static_cast<int>(std::max<decltype(left)>(0, left)));
    if (fds[0].revents) return true;
    if (stop.interrupted() || steady::now() >= until) return false;
  }
}

} // namespace

std::vector<std::string> node_environment(const topology::node& node) {
  std::vector<std::string> result;
  const std::map<std::string, std::string> defaults{
      {"PATH", default_path}, {"HOME", home_folder()}, {"HOSTNAME", node.name}};
  for (const auto& [key, text] : defaults)
    if (!node.env.contains(key)) result.push_back(key + "=" + text);
  for (const auto& [key, text] : node.env)
    if (!key.empty() && key.find('=') == std::string::npos) result.push_back(key + "=" + text);
  return result;
}

caf::error write_files(const lab_work& work) {
  const auto path = work.record.home() + "/init";
  const std::string_view text{init_script};
  const unique_fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failure(ec::runtime_failed, path + " cannot be written: " + std::strerror(errno));
  for (const auto& node : work.record.nodes)
    if (!open_log(work.record, node.name))
      return failure(ec::runtime_failed, work.record.file_of(node.name, "log") + ": " + std::strerror(errno));
  return {};
}

caf::expected<node_process> start_node(const lab_work& work, const node_record& node) {
  const auto* planned = work.plan.find_node(node.name);
  if (!planned) return failure(ec::runtime_failed, "node \"" + node.name + "\" is not in the topology");
  auto words = program_of(work, *planned);
  if (!words) return std::move(words.error());
  const auto& record = work.record;
  for (const auto* what : {"pid", "exit"}) ::unlink(record.file_of(node.name, what).c_str());
  ::mkfifo(record.file_of(node.name, "in").c_str(), 0600);
  // Opened for both directions, so that the node never reads an end of file.
  const unique_fd in{::open(record.file_of(node.name, "in").c_str(), O_RDWR | O_CLOEXEC)};
  const unique_fd out{
      ::open(record.file_of(node.name, "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  int ends[2] = {-1, -1};
  if (!in || !out || ::pipe2(ends, O_CLOEXEC) != 0)
    return failure(ec::runtime_failed, "node \"" + node.name + "\" files: " + std::strerror(errno));
  const unique_fd ours{ends[0]};
  unique_fd theirs{ends[1]};
  std::vector<std::string> argv{work.box.tool("sh"), record.home() + "/init", node.name,
                                record.home() + "/" + node.name,
                                work.box.how() == isolation::processes ? std::string{} : network_text(work, node)};
  argv.insert(argv.end(), words->begin(), words->end());
  auto what = work.box.new_node(node.netns, std::move(argv));
  what.in = in.get();
  what.out = what.err = out.get();
  what.extra = theirs.get();
  auto started = start(what);
  if (!started) return std::move(started.error());
  theirs.reset();
  auto said = hear(ours.get(), work.stop);
  const auto process = read_process(record, node.name);
  if (said && *said == ready && process) return *process;
  discard(*started);
  if (!said && said.error() == ec::cancelled) return std::move(said.error());
  auto why = said ? trimmed(*said) : message_of(said.error());
  if (why.empty()) why = "its namespaces cannot be made";
  return failure(ec::runtime_failed, "node \"" + node.name + "\" start: " + why);
}

caf::error run_exec(const lab_work& work, const node_record& node, const node_process& process) {
  const auto* planned = work.plan.find_node(node.name);
  if (!planned) return {};
  const auto environment = node_environment(*planned);
  for (const auto& line : planned->exec) {
    const auto about = " node=" + node.name + " command=" + in_quotes(line);
    auto words = split_words(line);
    if (!words || words->empty()) {
      work.log.error("Failed to execute command" + about +
                     " error=" + in_quotes("a quote is not closed, or nothing to run"));
      continue;
    }
    auto done = run(work.box.in_node(process.init, with_environment(work, environment, std::move(*words))),
                    {.input = {}, .deadline = std::chrono::hours{1}, .stop_steps = {}, .on_line = {}}, work.stop);
    if (!done && done.error() == ec::cancelled) return std::move(done.error());
    if (!done)
      work.log.error("Failed to execute command" + about + " error=" + in_quotes(message_of(done.error())));
    else if (done->ok())
      work.log.info("Executed command" + about + " stdout=" + in_quotes(trimmed(done->out)));
    else
      work.log.error("Failed to execute command" + about + " rc=" + describe_status(done->status) +
                     " stdout=" + in_quotes(trimmed(done->out)) + " stderr=" + in_quotes(trimmed(done->err)));
  }
  return {};
}

void kill_process(const instance_record& record, const node_process& process) {
  // Without a PID namespace nothing ends with the init but the init: its process group has to go too.
  if (record.isolation == to_string(isolation::processes) && find_process(process.init.pid) == process.init)
    ::kill(-process.init.pid, SIGKILL);
  send_signal(process.init, SIGKILL);
}

caf::error stop_process(const lab_work& work, const node_record& node, const node_process& process, bool at_once) {
  const auto watched = watch_process(process.outer);
  if (!watched) return {};
  if (!at_once) {
    send_signal(process.init, SIGTERM);
    wait_for_end(watched, work.grace, work.stop);
    if (work.stop.interrupted()) return failure(ec::cancelled, "cancelled");
  }
  kill_process(work.record, process);
  if (wait_for_end(watched, kill_deadline, work.stop)) return {};
  // Somebody may have stopped the parent of the node's PID 1, so that it sees no end.
  if (!work.stop.interrupted() && send_signal(process.outer, SIGKILL) &&
      wait_for_end(watched, kill_deadline, work.stop))
    return {};
  if (work.stop.interrupted()) return failure(ec::cancelled, "cancelled");
  return failure(ec::runtime_failed, "node \"" + node.name + "\" does not end");
}

} // namespace stibium::runtime
