#include "tests/transport/runtime/lab_fixture.hpp"
#include "transport/runtime/plan.hpp"
#include "transport/runtime/state_file.hpp"

#include <fstream>
#include <sys/mount.h>

using namespace stibium;
using namespace stibium::test;

namespace {

const node_info* find(const instance_status& status, const std::string& node) {
  for (const auto& each : status.nodes)
    if (each.name == node) return &each;
  return nullptr;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Processes of labs in `root`, or of the topologies here.
std::string leftovers(const std::filesystem::path& root) {
  return output_of("ps ax -o args | grep -e " + root.string() + "/lab -e 'sleep 76543' | grep -v grep");
}

// The network namespaces of an instance.
std::string networks(const std::filesystem::path& root, const std::string& instance) {
  return output_of("ls /run/netns 2>/dev/null | grep " +
                   runtime::sha256_hex(root.string() + "/" + instance).substr(0, 10));
}

// A whole life of the ping lab, as far as every isolation with links can do it.
void live(lab_fixture& fix) {
  const auto where = fix.place("ping-1", ping_topology);
  const auto deployed = fix.command(lab_verb::deploy, where);
  REQUIRE_MESSAGE(deployed, message_of(deployed.error), "\n", fix.lab_log.text());
  REQUIRE(deployed.value->nodes.size() == 2);
  const auto* n1 = find(*deployed.value, "n1");
  CHECK(n1->state == node_state::running);
  CHECK(n1->ipv4 == "10.9.0.1");
  CHECK(n1->container_id.size() == 64);
  CHECK(n1->container_name == "clab-ping-1-n1");
  CHECK(fix.lab_log.wait_for("INFO Creating node name=n1"));
  CHECK(fix.lab_log.wait_for("INFO Created link: n1:eth1 ▪┄┄▪ n2:eth1"));
  CHECK(fix.lab_log.wait_for(R"(INFO Executed command node=n1 command="cat /proc/sys/kernel/hostname" stdout="n1")"));

  const auto log = fix.listen();
  fix.follow(where, "n1", log);
  CHECK(log.wait_for("hello from node one"));

  CHECK(contains(fix.in_shell(where, "n1", "ping -c 1 -W 5 10.9.0.2"), "1 received"));
  CHECK(contains(fix.in_shell(where, "n1", "cat /sys/class/net/eth1/mtu"), "1400\r"));
  CHECK(contains(fix.in_shell(where, "n1", "echo $WHO at $(hostname) $TERM"), "node one at n1 xterm-256color"));

  const auto stopped = fix.command(lab_verb::stop_node, where, "n2");
  REQUIRE_MESSAGE(stopped, message_of(stopped.error));
  CHECK(find(*stopped.value, "n2")->state == node_state::exited);
  CHECK(contains(fix.in_shell(where, "n1", "ping -c 1 -W 1 10.9.0.2"), "0 received"));
  CHECK(fix.command(lab_verb::stop_node, where, "n2").error == ec::node_not_running);
  REQUIRE(fix.command(lab_verb::start_node, where, "n2"));
  CHECK(contains(fix.in_shell(where, "n1", "ping -c 1 -W 5 10.9.0.2"), "1 received"));
  CHECK(fix.command(lab_verb::start_node, where, "n2").error == ec::node_running);
  REQUIRE(fix.command(lab_verb::restart_node, where, "n1"));
  CHECK(contains(fix.in_shell(where, "n1", "ping -c 1 -W 5 10.9.0.2"), "1 received"));
  CHECK_FALSE(contains(fix.lab_log.text(), "ERRO Failed to execute"));

  const auto destroyed = fix.command(lab_verb::destroy, where);
  REQUIRE_MESSAGE(destroyed, message_of(destroyed.error));
  CHECK(destroyed.value->nodes.empty());
  CHECK_FALSE(std::filesystem::exists(fix.root / "lab-ping-1" / "ping-1"));
  CHECK(fix.command(lab_verb::destroy, where)); // nothing there is fine
}

} // namespace

TEST_CASE_FIXTURE(lab_fixture, "embedded: a lab lives as root and leaves nothing") {
  if (!begin(runtime::isolation::root)) return;
  const auto where = place("ping-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  CHECK(contains(networks(root, "ping-1"), "-n1\n"));
  REQUIRE(command(lab_verb::destroy, where));
  live(*this);
  CHECK(networks(root, "ping-1").empty());
  CHECK(leftovers(root).empty());
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: a lab lives inside a user namespace") {
  if (!begin(runtime::isolation::user_namespace)) return;
  live(*this);
  CHECK(std::filesystem::exists(root / "holder.json"));
  drop(); // no node is left: nothing holds the namespace any longer
  CHECK_FALSE(std::filesystem::exists(root / "holder.json"));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: without namespaces nodes are processes and links are missed in the log") {
  if (!begin(runtime::isolation::processes)) return;
  const auto where = place("ping-1", ping_topology);
  const auto deployed = command(lab_verb::deploy, where);
  REQUIRE_MESSAGE(deployed, message_of(deployed.error));
  CHECK(lab_log.wait_for("WARN Links are not created"));
  CHECK(contains(in_shell(where, "n1", "echo $WHO"), "node one\r"));
  REQUIRE(command(lab_verb::restart_node, where, "n1"));
  REQUIRE(command(lab_verb::destroy, where));
  CHECK(leftovers(root).empty());
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: terminals know their size and are resized") {
  if (!begin()) return;
  const auto where = place("ping-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  const auto ear = attach();
  const auto terminal = shell(where, "n1", ear, {100, 30});
  REQUIRE(terminal);
  CHECK(ear.wait_for("root@n1"));
  type(*terminal.value, "stty size\n");
  CHECK(ear.wait_for("30 100\r"));
  self->send(*terminal.value, shell_size{120, 40});
  type(*terminal.value, "stty size\n");
  CHECK(ear.wait_for("40 120\r"));
  type(*terminal.value, "exit 3\n");
  REQUIRE(ear.ends->wait([](const auto& ends) { return !ends.empty(); }));
  CHECK(ear.ends->all().front().reason == "program ended (exit code 3)");
  CHECK(ear.ends->all().size() == 1);
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: terminals end with their node, also when they are closed or it is killed") {
  if (!begin()) return;
  const auto where = place("ping-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  const auto first = attach(), second = attach(), third = attach();
  const auto on_stop = shell(where, "n1", first), on_close = shell(where, "n1", second),
             on_kill = shell(where, "n2", third);
  REQUIRE(on_stop);
  REQUIRE(on_close);
  REQUIRE(on_kill);
  const auto ended = [](const auto& ends) { return !ends.empty(); };
  CHECK(second.wait_for("n1"));
  type(*on_close.value, "trap '' HUP; sleep 1000\n");
  self->send(*on_close.value, atom::close_v);
  REQUIRE(second.ends->wait(ended));
  CHECK(second.ends->all().front().reason == "closed");
  REQUIRE(command(lab_verb::stop_node, where, "n1"));
  REQUIRE(first.ends->wait(ended));
  CHECK(first.ends->all().front().reason == "node stopped");
  CHECK(third.wait_for("n2"));
  const auto record = runtime::read_record(*runtime::read_file(root / "lab-ping-1/ping-1/state.json"));
  REQUIRE(record);
  const auto process = runtime::read_process(*record, "n2");
  REQUIRE(process);
  runtime::send_signal(process->init, SIGKILL);
  REQUIRE(third.ends->wait(ended));
  CHECK(third.ends->all().front().reason == "node stopped");
  CHECK(nodes.wait_for("node n2 has exited (killed)"));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: what cannot be deployed is named and leaves nothing") {
  if (!begin()) return;
  const auto bad = [&](const std::string& topology) {
    const auto deployed = command(lab_verb::deploy, place("bad-1", topology));
    CHECK_FALSE(deployed);
    CHECK(deployed.error == ec::runtime_failed);
    CHECK_FALSE(std::filesystem::exists(root / "lab-bad-1" / "bad-1"));
    return message_of(deployed.error);
  };
  const std::string two = "name: bad\ntopology:\n  nodes:\n    a: {kind: linux}\n    b: {kind: linux, cmd: ";
  const std::string linked = "}\n  links: [{endpoints: [\"a:eth1\", \"b:eth1\"]}]\n";
  CHECK(contains(bad(two + "/no/such/program" + linked), "node \"b\" start: exec: \"/no/such/program\""));
  CHECK(contains(bad(two + "nosuch -x" + linked), "executable file not found in $PATH"));
  CHECK(contains(bad(two + "\"sleep 'x\"" + linked), "quote"));
  CHECK(contains(bad("name: bad\ntopology:\n  nodes: 3\n"), "line 3"));
  CHECK(contains(bad("name: x\ntopology:\n  nodes: {a: {kind: linux}}\n  links: [{endpoints: [\"a:eth1\", "
                     "\"macvlan:nosuch0\"]}]\n"),
                 ::geteuid() == 0 ? "Creating link a:eth1" : "links to the host need root"));
  CHECK(networks(root, "bad-1").empty());
  CHECK(lab_log.wait_for("ERRO node \"b\" start"));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: a deploy under way is cut off at once and cleaned up") {
  if (!begin()) return;
  const auto where = place("slow-1", "name: slow\ntopology:\n  nodes:\n    a: {kind: linux, exec: [sleep 76543]}\n");
  auto pending = self->request(runtime, std::chrono::seconds{60},
                               runtime_command{lab_verb::deploy, where, "", false, lab_log.actor, nodes.actor});
  REQUIRE(nodes.events->wait([](const auto& all) {
    return std::any_of(all.begin(), all.end(), [](const auto& each) { return each.node.state == node_state::running; });
  }));
  self->send(runtime, atom::cancel_v, where.name);
  pending.receive([](instance_status&) { FAIL("the deploy must be cancelled"); },
                  [](caf::error& err) { CHECK(err == ec::cancelled); });
  CHECK(networks(root, "slow-1").empty());
  CHECK(leftovers(root).empty());
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: a node's end is told with its exit code") {
  if (!begin()) return;
  const auto where = place(
      "end-1", "name: end\ntopology:\n  nodes:\n    a: {kind: linux, cmd: sh -c 'read x </proc/self/fd/0; exit 7'}\n");
  REQUIRE(command(lab_verb::deploy, where));
  output_of("echo go > " + where.folder + "/end-1/a.in");
  CHECK(nodes.wait_for("node a has exited (exit code 7)"));
  const auto ear = attach();
  CHECK(shell(where, "a", ear).error == ec::node_not_running);
  CHECK(shell(where, "b", ear).error == ec::node_not_found);
  REQUIRE(command(lab_verb::start_node, where, "a"));
  CHECK(shell(where, "a", ear));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: nodes outlive the runtime and are taken back by the next one") {
  if (!begin()) return;
  const auto where = place("ping-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  drop();
  REQUIRE(begin());
  const auto found = ask<std::vector<instance_status>>(atom::inspect_v);
  REQUIRE(found);
  REQUIRE(found.value->size() == 1);
  CHECK(found.value->front().name == "ping-1");
  const auto fresh = observe();
  const auto adopted = ask<instance_status>(atom::adopt_v, where, fresh.actor);
  REQUIRE(adopted);
  CHECK(find(*adopted.value, "n1")->state == node_state::running);
  const auto log = listen();
  follow(where, "n1", log);
  CHECK(log.wait_for("hello from node one"));
  CHECK(contains(in_shell(where, "n1", "ping -c 1 -W 5 10.9.0.2"), "1 received"));
  CHECK(ask<instance_status>(atom::adopt_v, place("other-1", ""), fresh.actor).error == ec::lab_not_running);
  const auto record = runtime::read_record(*runtime::read_file(root / "lab-ping-1/ping-1/state.json"));
  runtime::send_signal(runtime::read_process(*record, "n2")->init, SIGKILL);
  CHECK(fresh.wait_for("node n2 has exited (killed)"));
  REQUIRE(command(lab_verb::destroy, where));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: what works on for a runtime that was killed is ended at the next start") {
  const auto where = place("late-1", ping_topology);
  runtime::instance_record record;
  record.name = where.name;
  record.folder = where.folder;
  record.boot = runtime::boot_id();
  record.isolation = "root";
  record.nodes = {{"n1", "linux", "sb-late-n1", {}, {}}};
  std::filesystem::create_directories(record.home());
  REQUIRE(runtime::save(record));
  // A node that has not told yet who it is, and the folder of an instance of which nothing has been noted yet.
  std::ofstream{record.file_of("n1", "log")} << "hello\n";
  std::filesystem::create_directories(root / "lab-other/other-1");
  std::ofstream{root / "lab-other/other-1/state.json.new"} << "{";
  // While a program is being replaced by another one it shows no environment.
  const auto pid = std::stoi(output_of("STIBIUM_RUN_ROOT=" + root.string() +
                                       " sh -c 'setsid sleep 76543 >/dev/null 2>&1 & "
                                       "until grep -qs ^sleep /proc/$!/cmdline; do :; done; echo $!'"));
  if (!begin()) return;
  CHECK_FALSE(runtime::find_process(pid));
  CHECK(ask<std::vector<instance_status>>(atom::inspect_v).value->empty());
  CHECK_FALSE(std::filesystem::exists(where.folder));
  CHECK_FALSE(std::filesystem::exists(root / "lab-other"));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: files of an instance go before its state file") {
  const auto where = place("half-1", ping_topology);
  runtime::instance_record record;
  record.name = where.name;
  record.folder = where.folder;
  std::filesystem::create_directories(record.home());
  REQUIRE(runtime::save(record));
  for (const auto* file : {"a.log", "zz.pid"}) std::ofstream{record.home() + "/" + file} << "x";
  // The kernel refuses to remove what something is mounted on: that is where the removal ends.
  std::filesystem::create_directories(record.home() + "/mounted");
  if (::geteuid() != 0 || ::mount("none", (record.home() + "/mounted").c_str(), "tmpfs", 0, nullptr) != 0) return;
  CHECK(runtime::remove_files(record));
  CHECK(runtime::find_records(root).size() == 1);
  REQUIRE(::umount((record.home() + "/mounted").c_str()) == 0);
  CHECK_FALSE(runtime::remove_files(record));
  CHECK_FALSE(std::filesystem::exists(where.folder));
  CHECK_FALSE(runtime::remove_files(record)); // nothing there is fine
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: a node whose outer process is held up is ended all the same") {
  if (!begin()) return;
  const auto where = place("held-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  const auto record = runtime::read_record(*runtime::read_file(root / "lab-held-1/held-1/state.json"));
  const auto process = runtime::read_process(*record, "n1");
  REQUIRE(runtime::send_signal(process->outer, SIGSTOP));
  const auto destroyed = command(lab_verb::destroy, where);
  CHECK_MESSAGE(destroyed, message_of(destroyed.error));
  CHECK(leftovers(root).empty());
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: what another boot of the machine has left is cleaned away") {
  const auto where = place("old-1", ping_topology);
  runtime::instance_record record;
  record.lab = where.lab.value;
  record.name = where.name;
  record.folder = where.folder;
  record.boot = "another";
  record.isolation = "root";
  std::filesystem::create_directories(record.home());
  REQUIRE(runtime::save(record));
  if (!begin()) return;
  CHECK(ask<std::vector<instance_status>>(atom::inspect_v).value->empty());
  CHECK_FALSE(std::filesystem::exists(record.home()));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: a failing exec line is a line in the log, not a failed deploy") {
  if (!begin()) return;
  const auto where = place("exec-1", R"(
name: exec
topology:
  nodes:
    a:
      kind: nokia_srlinux
      image: srl:1
      exec: ["sh -c 'echo out; echo why >&2; exit 5'", "no-such-tool", "echo 'open", "echo fine"]
)");
  const auto deployed = command(lab_verb::deploy, where);
  REQUIRE_MESSAGE(deployed, message_of(deployed.error));
  CHECK(deployed.value->nodes.front().kind == "nokia_srlinux");
  CHECK(lab_log.wait_for("WARN Kind runs as linux node=a kind=nokia_srlinux"));
  CHECK(lab_log.wait_for("INFO Image is not used"));
  CHECK(lab_log.wait_for(R"(rc=exit code 5 stdout="out" stderr="why")"));
  CHECK(lab_log.wait_for("ERRO Failed to execute command node=a command=\"no-such-tool\""));
  CHECK(lab_log.wait_for("ERRO Failed to execute command node=a command=\"echo 'open\""));
  CHECK(lab_log.wait_for(R"(INFO Executed command node=a command="echo fine" stdout="fine")"));
}

TEST_CASE_FIXTURE(lab_fixture,
                  "embedded: labs with the same nodes live beside each other, commands of one wait for their turn") {
  if (!begin()) return;
  const auto one = place("ping-1", ping_topology), two = place("ping-2", ping_topology);
  const auto ask_for = [&](lab_verb verb, const instance_ref& where) {
    return self->request(runtime, std::chrono::seconds{60},
                         runtime_command{verb, where, "", true, lab_log.actor, nodes.actor});
  };
  auto first = ask_for(lab_verb::deploy, one);
  auto second = ask_for(lab_verb::deploy, two);
  auto third = ask_for(lab_verb::deploy, one);
  const auto good = [](instance_status& status) { CHECK(status.nodes.size() == 2); };
  const auto bad = [](caf::error& err) { FAIL(message_of(err)); };
  first.receive(good, bad);
  second.receive(good, bad);
  third.receive(good, bad);
  CHECK(ask<std::vector<instance_status>>(atom::inspect_v).value->size() == 2);
  CHECK(lab_log.wait_for("Removing the instance that is there name=ping-1"));
  REQUIRE(command(lab_verb::destroy, two));
  CHECK(contains(in_shell(one, "n1", "ping -c 1 -W 5 10.9.0.2"), "1 received"));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: a link to the host comes and goes with its lab") {
  if (!begin(runtime::isolation::root)) return;
  const std::string name = "sbt" + std::to_string(::getpid() % 100000);
  const auto where =
      place("host-1", "name: host\ntopology:\n  nodes: {a: {kind: linux}}\n  links: [{endpoints: [\"a:eth1\", \"host:" +
                          name + "\"]}]\n");
  REQUIRE(command(lab_verb::deploy, where));
  CHECK(contains(output_of("ip -br link show dev " + name), "UP"));
  REQUIRE(command(lab_verb::destroy, where));
  CHECK_FALSE(contains(output_of("ip -br link"), name));
}

TEST_CASE_FIXTURE(lab_fixture, "embedded: nothing that ends in a node stays as a zombie, in it or here") {
  if (!begin()) return;
  const auto where = place("ping-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  in_shell(where, "n1", "(sleep 0.01 &) ; (true &)");
  REQUIRE(command(lab_verb::restart_node, where, "n1"));
  CHECK_FALSE(
      contains(in_shell(where, "n1", "(true &) ; sleep 0.2; ps -A -o stat= | grep Z | sed s/Z/ZOMBIE/"), "\nZOMBIE"));
  REQUIRE(command(lab_verb::destroy, where));
  drop();
  // What the runtime has started is its child until it has been reaped.
  CHECK(output_of("ps -o stat= --ppid " + std::to_string(::getpid()) + " | grep Z").empty());
}

TEST_CASE_FIXTURE(lab_fixture,
                  "embedded: typed keys arrive complete and in order, and a flood is read at the client's pace") {
  if (!begin()) return;
  const auto where = place("ping-1", ping_topology);
  REQUIRE(command(lab_verb::deploy, where));
  const auto ear = attach();
  const auto terminal = shell(where, "n1", ear);
  REQUIRE(terminal);
  type(*terminal.value, "stty -echo -icanon; echo rea''dy; head -c 5000 | md5sum; seq 1 50000; exit\n");
  REQUIRE(ear.wait_for("ready\r\n"));
  std::string keys;
  for (int i = 0; i < 5000; ++i) {
    const std::string key(1, static_cast<char>('a' + i * 7 % 26));
    keys += key;
    self->send(*terminal.value, terminal_input{key});
  }
  const auto sum = output_of("printf %s " + keys + " | md5sum");
  REQUIRE(ear.ends->wait([](const auto& ends) { return !ends.empty(); }));
  const auto text = ear.text();
  CHECK(contains(text, sum.substr(0, 32)));
  std::string all;
  for (int i = 1; i <= 50000; ++i) all += std::to_string(i) + "\r\n";
  CHECK(contains(text, "\r\n" + all));
}
