#include "transport/runtime/containerlab/work.hpp"

#include "actors/error.hpp"
#include "transport/runtime/commands.hpp"
#include "transport/runtime/containerlab/heal.hpp"
#include "transport/runtime/containerlab/topology_text.hpp"
#include "transport/runtime/state_file.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <filesystem>
#include <fstream>

namespace stibium::containerlab {

namespace fs = std::filesystem;

namespace {

// A flood of lines is not read faster than the log takes it.
constexpr size_t max_ahead = 256 * 1024;         // bytes
constexpr std::chrono::seconds log_deadline{30}; // then the log is not waited for any more

// Counts a command among the builders while it lives.
struct building {
  explicit building(const tools& with)
      : count(with.builders) {
    ++*count;
  }
  ~building() { --*count; }
  building(const building&) = delete;
  building& operator=(const building&) = delete;
  std::shared_ptr<std::atomic<int>> count;
};

std::string read_text(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

caf::expected<std::string> topology_of(const instance_ref& instance) {
  return instance_topology(instance.topology, instance.name, fs::path{instance.source}.parent_path().string());
}

// Work on one instance.
class job {
public:
  job(const tools& with, const clab_task& task)
      : with_(with)
      , task_(task)
      , instance_(task.command.instance)
      , files_{instance_.folder, instance_.name}
      , log_(log_to(task.command.log)) {}

  clab_outcome go() {
    outcome_.memory = task_.memory;
    outcome_.error = dispatch();
    look();
    return std::move(outcome_);
  }

private:
  caf::error dispatch() {
    auto engine = with_.engine;
    if (const auto there = engine.version(); !there) return there.error();
    switch (task_.command.verb) {
    case lab_verb::deploy: return deploy();
    case lab_verb::destroy: return destroy();
    default: return on_node();
    }
  }

  // What is there at the end, and what is right from now on.
  void look() {
    auto engine = with_.engine;
    auto seen = look_at(engine, with_.run_root(), instance_.name);
    if (!seen) return;
    outcome_.known = true;
    outcome_.seen = std::move(*seen);
    const auto verb = task_.command.verb;
    const auto& node = task_.command.node;
    if (outcome_.seen.empty()) {
      outcome_.memory.clear();
      return;
    }
    if (!runtime::is_node_command(verb)) {
      outcome_.memory = remember(outcome_.seen);
    } else if (const auto found = outcome_.seen.find(node); found != outcome_.seen.end() && touched_) {
      const bool runs = found->second.running();
      auto& memory = outcome_.memory[node];
      const bool unfinished = task_.memory.contains(node) && !task_.memory.at(node).doing.empty();
      memory.relink |= unfinished; // some of its links may never have been parked
      const bool was_stopped = outcome_.memory.contains(node) && outcome_.memory.at(node).stopped;
      remember_node(outcome_.memory, outcome_.seen, node,
                    !runs && (verb == lab_verb::stop_node || (verb == lab_verb::start_node && was_stopped)));
      if (outcome_.error) memory.doing = to_string(verb); // what it has left behind is looked at later
    }
    save_memory(files_, outcome_.memory);
  }

  clab_result clab(std::vector<std::string> args) const {
    return with_.clab.run(args, instance_.folder, log_, *task_.stop, command_deadline);
  }

  caf::error deploy() {
    const building now{with_};
    auto text = topology_of(instance_);
    if (!text) return std::move(text.error());
    auto engine = with_.engine;
    auto seen = look_at(engine, with_.run_root(), instance_.name);
    if (!seen) return std::move(seen.error());
    const bool same = !seen->empty() && read_text(files_.topology()) == *text;
    if (!seen->empty() && !same) {
      // The file that the nodes came from must still be there: containerlab finds by it what it has to remove.
      if (auto error = clean_up(with_, instance_, {}, log_)) return error;
    }
    if (auto error = write_topology(instance_)) return error;
    auto result =
        same ? clab({"redeploy", "-t", files_.topology(), "--cleanup"}) : clab({"deploy", "-t", files_.topology()});
    if (!result.error) return {};
    log_(runtime::log_line("WARN", "Cleaning up"));
    if (auto error = clean_up(with_, instance_, result.said.made_network(), log_))
      log_(runtime::log_line("ERRO", "Cleaning up failed: " + message_of(error)));
    return std::move(result.error);
  }

  caf::error destroy() {
    const building now{with_};
    return clean_up(with_, instance_, {}, log_);
  }

  caf::error on_node() {
    const auto& name = task_.command.node;
    auto engine = with_.engine;
    const auto seen = look_at(engine, with_.run_root(), instance_.name);
    if (!seen) return seen.error();
    if (seen->empty()) return failure(ec::lab_not_running, "there is no instance " + instance_.name);
    const auto found = seen->find(name);
    if (found == seen->end()) return failure(ec::node_not_found, "node \"" + name + "\" has no container");
    const auto& node = found->second;
    const auto verb = task_.command.verb;
    const bool alive = node.running() || node.state == "restarting";
    if (verb == lab_verb::stop_node && !alive && node.state != "paused")
      return failure(ec::node_not_running, "node \"" + name + "\" is not running");
    if (verb == lab_verb::start_node && node.running())
      return failure(ec::node_running, "node \"" + name + "\" is running");
    if (node.state == "paused") {
      if (const auto done = engine.call("POST", "/containers/" + node.container_id + "/unpause"); !done)
        return done.error();
      log_(runtime::log_line("INFO", "Resumed paused node name=" + name));
      if (verb == lab_verb::start_node) return {};
    }
    begin_on(name, to_string(verb));
    auto error = with_.version.has_node_commands() ? by_containerlab(verb, name) : by_docker(verb, node);
    const auto right = task_.memory.find(name);
    const bool relink = right != task_.memory.end() && (right->second.relink || !right->second.doing.empty());
    if (error || verb == lab_verb::stop_node || !relink) return error;
    return restore_links();
  }

  // From here on links may be parked: should this process end now, the next one looks at the node.
  void begin_on(const std::string& name, const std::string& verb) {
    touched_ = true;
    outcome_.memory[name].doing = verb;
    save_memory(files_, outcome_.memory);
  }

  // A peer was repaired while the node was stopped, or an earlier command has not come to its end.
  caf::error restore_links() {
    auto result = heal(with_, {instance_, task_.memory, true, {}, task_.command.log, task_.stop});
    outcome_.memory = std::move(result.memory);
    return std::move(result.error);
  }

  caf::error by_containerlab(lab_verb verb, const std::string& name) {
    return node_command(with_, files_, to_string(verb).c_str(), name, log_, *task_.stop).error;
  }

  caf::error by_docker(lab_verb verb, const node_seen& node) {
    auto engine = with_.engine;
    log_(runtime::log_line("WARN", "containerlab " + with_.version.text() + " cannot " + to_string(verb) +
                                       " a node: Docker does it, and the node's links are lost"));
    switch (verb) {
    case lab_verb::stop_node: return engine.stop(node.container_id, with_.grace);
    case lab_verb::start_node: return engine.start(node.container_id);
    default: return engine.restart(node.container_id, with_.grace);
    }
  }

  const tools& with_;
  const clab_task& task_;
  const instance_ref& instance_;
  instance_files files_;
  line_sink log_;
  clab_outcome outcome_;
  bool touched_ = false;
};

} // namespace

clab_outcome carry_out(const tools& with, const clab_task& task) { return job{with, task}.go(); }

clab_result node_command(const tools& with, const instance_files& files, const char* verb, const std::string& node,
                         const line_sink& log, const runtime::interrupter& stop) {
  std::vector<std::string> args{verb, "-t", files.topology(), "--node", node};
  if (std::string_view{verb} != "start") {
    const auto seconds = std::max<long long>(1, std::chrono::ceil<std::chrono::seconds>(with.grace).count());
    args.insert(args.end(), {"--timeout", std::to_string(seconds) + "s"});
  }
  return with.clab.run(args, files.folder, log, stop, command_deadline);
}

caf::error write_topology(const instance_ref& instance) {
  const auto text = topology_of(instance);
  if (!text) return text.error();
  const instance_files files{instance.folder, instance.name};
  std::error_code code;
  fs::create_directories(files.folder, code);
  if (runtime::write_whole(files.topology(), *text, 0644)) return {};
  fs::remove(files.folder, code); // only when nothing is in it
  return failure(ec::runtime_failed, files.topology() + " cannot be written");
}

line_sink log_to(const log_sink_actor& sink) {
  return [sink, ahead = size_t{0}](std::string line) mutable {
    if (!sink) return;
    ahead += line.size() + 1;
    if (ahead < max_ahead) return caf::anon_send(sink, log_lines{{std::move(line)}});
    ahead = 0;
    caf::scoped_actor self{sink.home_system()};
    self->request(sink, log_deadline, log_lines{{std::move(line)}}).receive([] {}, [](const caf::error&) {});
  };
}

} // namespace stibium::containerlab
