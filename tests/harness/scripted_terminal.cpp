#include "scripted_terminal.hpp"

#include <caf/all.hpp>
#include <fmt/format.h>

#include <deque>
#include <sstream>
#include <stdexcept>

namespace stibium::harness {

namespace {

constexpr size_t flood_chunk = 16 * 1024;

struct terminal_state {
  static constexpr const char* name = "scripted_terminal";
  explicit terminal_state(scripted_terminal_actor::pointer self)
      : self{self} {}

  void type(const std::string& bytes);
  void type_log(const std::string& bytes);
  void obey(const std::string& line);
  void put(std::string bytes);
  void pump();
  void end(std::string reason, bool error = false);

  scripted_terminal_actor::pointer self;
  terminal_client_actor client;
  node_script_actor node;
  std::string instance, node_name, line;
  shell_size size;
  bool log_only = false, paused = false, waiting = false, ending = false;
  std::deque<std::string> output; // one element per read of the terminal
  uint64_t flood_next = 1, flood_last = 0;
  terminal_ended last_word;
};

void terminal_state::put(std::string bytes) { output.push_back(std::move(bytes)); }

/// Hands out one read at a time; the next one only when the client has taken it.
void terminal_state::pump() {
  if (waiting || paused) return;
  if (output.empty() && flood_next <= flood_last) {
    std::string chunk;
    while (flood_next <= flood_last && chunk.size() < flood_chunk) chunk += fmt::format("flood {}\r\n", flood_next++);
    put(std::move(chunk));
  }
  if (output.empty()) {
    if (ending) {
      self->send(client, last_word);
      self->quit();
    }
    return;
  }
  waiting = true;
  terminal_output read{std::move(output.front())};
  output.pop_front();
  self->request(client, caf::infinite, std::move(read))
      .then(
          [this] {
            waiting = false;
            pump();
          },
          [this](caf::error&) { self->quit(); });
}

void terminal_state::end(std::string reason, bool error) {
  if (!ending) last_word = {std::move(reason), error};
  ending = true;
  flood_last = 0;
}

void terminal_state::type_log(const std::string& bytes) {
  terminal_said said{instance, node_name, {}, false};
  for (const char c : bytes) {
    if (c == '\r' || c == '\n') {
      said.lines.push_back(std::move(line));
      line.clear();
    } else {
      line += c;
    }
  }
  if (!said.lines.empty()) self->send(node, std::move(said));
}

void terminal_state::type(const std::string& bytes) {
  if (ending) return;
  if (log_only) return type_log(bytes);
  std::string echo;
  for (const char c : bytes) {
    if (c != '\r' && c != '\n') {
      echo += c;
      line += c;
      continue;
    }
    put(echo + "\r\n");
    echo.clear();
    obey(std::exchange(line, {}));
  }
  if (!echo.empty()) put(std::move(echo));
  pump();
}

void terminal_state::obey(const std::string& typed) {
  std::istringstream words{typed};
  std::string verb;
  words >> verb;
  if (verb == "log") {
    self->send(node, terminal_said{instance, node_name, {typed.size() > 4 ? typed.substr(4) : std::string{}}, false});
  } else if (verb == "produce") {
    produce_lines job{instance, node_name, {}, 0, 1, 1000, std::chrono::system_clock::now()};
    words >> job.name >> job.count >> job.per_second;
    self->send(node, std::move(job));
  } else if (verb == "flood") {
    flood_next = 1;
    words >> flood_last;
  } else if (verb == "size") {
    put(fmt::format("{} {}\r\n", size.rows, size.cols));
  } else if (verb == "bytes") {
    for (std::string group; words >> group;) {
      std::string raw;
      for (size_t i = 0; i + 1 < group.size(); i += 2)
        raw += static_cast<char>(std::stoi(group.substr(i, 2), nullptr, 16));
      put(std::move(raw));
    }
  } else if (verb == "exit") {
    int code = 0;
    words >> code;
    end(fmt::format("program ended (exit code {})", code));
  } else if (verb == "break") {
    end("read from the terminal: Input/output error", true);
  } else if (verb == "throw") {
    throw std::runtime_error("scripted terminal: thrown on request");
  } else if (verb == "die") {
    self->send(node, terminal_said{instance, node_name, {}, true});
  }
}

scripted_terminal_actor::behavior_type terminal(scripted_terminal_actor::stateful_pointer<terminal_state> self,
                                                const open_terminal& wanted, node_script_actor node, bool log_only) {
  auto& state = self->state;
  state.client = wanted.client;
  state.node = std::move(node);
  state.instance = wanted.instance.name;
  state.node_name = wanted.node;
  state.size = wanted.size;
  state.log_only = log_only;
  self->monitor(wanted.client);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  return {[self](const terminal_input& typed) { self->state.type(typed.bytes); },
          [self](const shell_size& size) { self->state.size = size; },
          [self](atom::pause) { self->state.paused = true; },
          [self](atom::resume) {
            self->state.paused = false;
            self->state.pump();
          },
          [self](atom::close) {
            self->state.end("closed");
            self->state.paused = false;
            self->state.pump();
          },
          [self](const node_gone& gone) {
            self->state.end(gone.reason);
            self->state.paused = false;
            self->state.pump();
          }};
}

} // namespace

scripted_terminal_actor spawn_scripted_terminal(const nursery& births, const open_terminal& wanted,
                                                node_script_actor node, bool log_only) {
  const auto parent = node.id();
  return spawn(births, placement::on(births.home_for(0)), {"terminal", wanted.node, "", parent}, terminal, wanted,
               std::move(node), log_only);
}

} // namespace stibium::harness
