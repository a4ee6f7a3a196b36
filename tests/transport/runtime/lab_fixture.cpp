#include "tests/transport/runtime/lab_fixture.hpp"

#include <cstdio>
#include <signal.h>
#include <sys/wait.h>

namespace stibium::test {

const char* const ping_topology = R"(
name: ping
topology:
  nodes:
    n1:
      kind: linux
      cmd: sh -c 'echo "hello from $WHO"; exec sleep 76543'
      env: {WHO: "node one"}
      exec:
        - ip addr add 10.9.0.1/24 dev eth1
        - cat /proc/sys/kernel/hostname
    n2:
      kind: linux
      cmd: sleep 76543
      exec: [ip addr add 10.9.0.2/24 dev eth1]
  links:
    - endpoints: ["n1:eth1", "n2:eth1"]
      mtu: 1400
)";

namespace {

caf::actor_system_config& config() {
  static caf::actor_system_config cfg;
  cfg.set("scheduler.policy", caf::atom("sharing"));
  return cfg;
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string result;
  for (const auto& part : parts) result += part + between;
  return result;
}

} // namespace

bool log_ear::wait_for(const std::string& text) const {
  return lines->wait([&](const auto& all) { return joined(all, "\n").find(text) != std::string::npos; });
}
std::string log_ear::text() const { return joined(lines->all(), "\n"); }

bool terminal_ear::wait_for(const std::string& text) const {
  return output->wait([&](const auto& all) { return joined(all, "").find(text) != std::string::npos; });
}
std::string terminal_ear::text() const { return joined(output->all(), ""); }

bool node_ear::wait_for(const std::string& what) const {
  return events->wait([&](const auto& all) {
    return std::any_of(all.begin(), all.end(), [&](const node_event& each) { return each.what == what; });
  });
}

lab_fixture::lab_fixture()
    : system(config())
    , thread(system)
    , self(system) {
  births.system = &system;
  births.homes = {&thread};
  thread.start();
  char folder[] = "/tmp/stibium-runtime-test-XXXXXX";
  root = ::mkdtemp(folder);
  lab_log = listen();
  nodes = observe();
}

lab_fixture::~lab_fixture() {
  if (runtime)
    for (const auto& there :
         ask<std::vector<instance_status>>(atom::inspect_v).value.value_or(std::vector<instance_status>{}))
      command(lab_verb::destroy, place(there.name, ""));
  drop();
  for (const auto& ear : ears) caf::anon_send_exit(ear, caf::exit_reason::user_shutdown);
  const auto holder = output_of("sed 's/^.//;s/,.*//' " + root.string() + "/holder.json 2>/dev/null");
  if (!holder.empty()) {
    ::kill(std::stoi(holder), SIGKILL);
    ::waitpid(std::stoi(holder), nullptr, 0);
  }
  std::filesystem::remove_all(root);
}

bool lab_fixture::begin(runtime::isolation wanted) {
  runtime::embedded_options options;
  options.run_root = root;
  options.wanted = wanted;
  runtime = runtime::spawn_embedded_runtime(births, thread, options);
  const auto health = ask<runtime_health>(atom::health_v);
  REQUIRE(health);
  const bool reached = (health.value->detail.find("processes only") == 0) == (wanted == runtime::isolation::processes);
  if (!reached) MESSAGE("SKIPPED: this machine does not allow it: " << health.value->detail);
  return reached;
}

void lab_fixture::drop() {
  if (!runtime) return;
  self->monitor(runtime);
  self->send_exit(runtime, caf::exit_reason::kill);
  self->receive([](const caf::down_msg&) {});
  runtime = nullptr;
}

log_ear lab_fixture::listen() {
  log_ear ear;
  ear.actor = system.spawn([lines = ear.lines](log_sink_actor::pointer) -> log_sink_actor::behavior_type {
    return {[lines](const log_lines& some) {
      for (const auto& line : some.lines) lines->add(line);
    }};
  });
  ears.push_back(caf::actor_cast<caf::actor>(ear.actor));
  return ear;
}

terminal_ear lab_fixture::attach() {
  terminal_ear ear;
  ear.actor = system.spawn(
      [output = ear.output, ends = ear.ends](terminal_client_actor::pointer) -> terminal_client_actor::behavior_type {
        return {[output](const terminal_output& some) { output->add(some.bytes); },
                [ends](const terminal_ended& end) { ends->add(end); }};
      });
  ears.push_back(caf::actor_cast<caf::actor>(ear.actor));
  return ear;
}

node_ear lab_fixture::observe() {
  node_ear ear;
  ear.actor = system.spawn([events = ear.events](node_observer_actor::pointer) -> node_observer_actor::behavior_type {
    return {[events](const node_event& event) { events->add(event); }};
  });
  ears.push_back(caf::actor_cast<caf::actor>(ear.actor));
  return ear;
}

instance_ref lab_fixture::place(const std::string& name, const std::string& topology) const {
  return {lab_id{"lab-" + name}, name, root / ("lab-" + name), topology, "/labs/" + name + ".clab.yml"};
}

answer<instance_status> lab_fixture::command(lab_verb verb, const instance_ref& where, const std::string& node) {
  return ask<instance_status>(runtime_command{verb, where, node, false, lab_log.actor, nodes.actor});
}

answer<terminal_actor> lab_fixture::shell(const instance_ref& where, const std::string& node, const terminal_ear& ear,
                                          shell_size size) {
  return ask<terminal_actor>(open_terminal{where, node, "linux", size, ear.actor});
}

void lab_fixture::type(const terminal_actor& to, const std::string& text) {
  self->request(to, std::chrono::seconds{10}, terminal_input{text})
      .receive([] {}, [](caf::error& err) { FAIL("not taken: " << message_of(err)); });
}

void lab_fixture::follow(const instance_ref& where, const std::string& node, const log_ear& ear) {
  self->request(runtime, std::chrono::seconds{10}, follow_log{where, node, ear.actor})
      .receive([] {}, [](caf::error& err) { FAIL("not followed: " << message_of(err)); });
}

std::string lab_fixture::in_shell(const instance_ref& where, const std::string& node, const std::string& command) {
  const auto ear = attach();
  const auto terminal = shell(where, node, ear);
  if (!terminal) return message_of(terminal.error);
  type(*terminal.value, command + "\nexit 0\n");
  ear.ends->wait([](const auto& ends) { return !ends.empty(); });
  return ear.text();
}

std::string output_of(const std::string& command) {
  std::string result;
  auto* pipe = ::popen(command.c_str(), "r");
  char buffer[4096];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, pipe)) result.append(buffer, n);
  ::pclose(pipe);
  return result;
}

} // namespace stibium::test
