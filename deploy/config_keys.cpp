#include "deploy/config_keys.hpp"

#include "deploy/config_values.hpp"

#include <algorithm>

namespace stibium::deploy {

namespace {

using std::chrono::milliseconds;
constexpr milliseconds second{1000}, hour{3600000};
constexpr uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

const std::string* single(const raw_value& value) { return value.is_list ? nullptr : &value.items.front(); }

// A rule for a field that `parse` makes from one text, kept within `least` and `most`.
template <class T, class Field, class Parse, class Show>
key_rule bounded(std::string name, std::string kind, std::string meaning, T least, T most, Field field, Parse parse,
                 Show show) {
  auto assign = [=](settings& into, const raw_value& value) {
    const auto* text = single(value);
    const auto parsed = text ? parse(*text) : std::nullopt;
    if (!parsed || *parsed < least || *parsed > most) return false;
    field(into) = *parsed;
    return true;
  };
  return {std::move(name), kind + ", " + show(least) + " to " + show(most), std::move(meaning), std::move(assign),
          [=](const settings& from) { return show(field(from)); }};
}

template <class Field>
key_rule duration(std::string name, milliseconds unit, milliseconds least, milliseconds most, Field field,
                  std::string meaning) {
  const std::string kind =
      unit == second ? "duration (30s, 5m, a number is seconds)" : "duration (25s, a number is ms)";
  return bounded(
      std::move(name), kind, std::move(meaning), least, most, field,
      [unit](const std::string& text) { return parse_duration(text, unit); },
      [](milliseconds span) { return to_text(span); });
}

template <class Field>
key_rule bytes(std::string name, uint64_t least, uint64_t most, Field field, std::string meaning) {
  return bounded(
      std::move(name), "bytes (65536, 64KiB, 1MiB)", std::move(meaning), least, most, field,
      [](const std::string& text) { return parse_bytes(text); }, [](uint64_t count) { return bytes_text(count); });
}

template <class Field>
key_rule number(std::string name, uint64_t least, uint64_t most, Field field, std::string meaning) {
  return bounded(
      std::move(name), "number", std::move(meaning), least, most, field,
      [](const std::string& text) { return parse_number(text); }, [](uint64_t count) { return std::to_string(count); });
}

template <class Field>
key_rule choice(std::string name, std::vector<std::string> words, Field field, std::string meaning) {
  std::string kind = "one of";
  for (const auto& word : words) kind += (&word == &words.front() ? " " : ", ") + word;
  auto assign = [=](settings& into, const raw_value& value) {
    const auto* text = single(value);
    if (!text || std::find(words.begin(), words.end(), *text) == words.end()) return false;
    field(into) = *text;
    return true;
  };
  return {std::move(name), kind, std::move(meaning), std::move(assign),
          [=](const settings& from) { return std::string{field(from)}; }};
}

template <class Field>
key_rule folder(std::string name, bool may_be_empty, Field field, std::string meaning) {
  auto assign = [=](settings& into, const raw_value& value) {
    const auto* text = single(value);
    if (!text || (text->empty() && !may_be_empty)) return false;
    field(into) = *text;
    return true;
  };
  return {std::move(name),
          "folder",
          std::move(meaning),
          std::move(assign),
          [=](const settings& from) { return quoted(field(from)); },
          true};
}

key_rule listen_rule() {
  return {"server.listen", "HOST:PORT; IPv6 as [::1]:3000",
          "Where the service listens. Port 0 lets the system choose one; `stibiumd` prints it.",
          [](settings& into, const raw_value& value) {
            const auto* text = single(value);
            const auto parsed = text ? parse_endpoint(*text) : std::nullopt;
            if (parsed) into.server.listen = *parsed;
            return parsed.has_value();
          },
          [](const settings& from) { return quoted(to_string(from.server.listen)); }};
}

key_rule origins_rule() {
  return {"server.corsOrigins", "list of origins such as https://lab.example.org, or [\"*\"]",
          "Web pages of these origins may talk to the service; pages that it serves itself always may.",
          [](settings& into, const raw_value& value) {
            if (!value.is_list || !std::all_of(value.items.begin(), value.items.end(), is_origin)) return false;
            into.server.cors_origins = value.items;
            return true;
          },
          [](const settings& from) {
            std::string result = "[";
            for (const auto& origin : from.server.cors_origins)
              result += (result.size() > 1 ? ", " : "") + quoted(origin);
            return result + "]";
          }};
}

key_rule recovery_rule() {
  return {"server.recovery", "true or false",
          "Connection state recovery: a client that comes back after a short break gets the packets that it missed.",
          [](settings& into, const raw_value& value) {
            const auto* text = single(value);
            const auto parsed = text ? parse_flag(*text) : std::nullopt;
            if (parsed) into.server.recovery = *parsed;
            return parsed.has_value();
          },
          [](const settings& from) { return std::string{from.server.recovery ? "true" : "false"}; }};
}

// A text that `good` likes.
template <class Good, class Field>
key_rule text(std::string name, std::string kind, Good good, Field field, std::string meaning) {
  auto assign = [=](settings& into, const raw_value& value) {
    const auto* given = single(value);
    if (!given || !good(*given)) return false;
    field(into) = *given;
    return true;
  };
  return {std::move(name), std::move(kind), std::move(meaning), std::move(assign),
          [=](const settings& from) { return quoted(field(from)); }};
}

bool is_docker_host(const std::string& text) {
  return text.empty() || (text.starts_with("unix:///") && text.size() > 8) ||
         (text.starts_with("tcp://") && parse_endpoint(text.substr(6)));
}

key_rule stop_grace_rule() {
  return {
      "runtime.stopGrace", "auto, or duration (30s, 5m, a number is seconds), 0s to 1h",
      "How long a node that is stopped may take to end by itself before it is killed. auto: 10s with containerlab, 5s "
      "with embedded.",
      [](settings& into, const raw_value& value) {
        const auto* given = single(value);
        const auto parsed = given ? parse_duration(*given, second) : std::nullopt;
        if (!given || (*given != "auto" && (!parsed || *parsed > hour))) return false;
        into.runtime.stop_grace = parsed;
        return true;
      },
      [](const settings& from) {
        return from.runtime.stop_grace ? to_text(*from.runtime.stop_grace) : std::string{"auto"};
      }};
}

key_rule kinds_rule() {
  return {
      "shell.kinds",
      "map of a kind to {method: exec or ssh, command, user, password, key, port}",
      "How a shell is opened in nodes of a containerlab kind: exec starts a program in the container, ssh logs in at "
      "the node. It goes before what is known of containerlab's kinds; \"default\" is for kinds that are not known.",
      [](settings&, const raw_value&) { return false; },
      [](const settings& from) { return kinds_text(from.shell.kinds); },
      false,
      [](settings& into, const YAML::Node& map, const std::string& folder, const complain_at& complain) {
        bool good = true;
        auto kinds = read_kinds(map, folder, [&](const YAML::Node& where, std::string what) {
          good = false;
          complain(where, std::move(what));
        });
        if (good) into.shell.kinds = std::move(kinds);
      }};
}

// Each accessor serves reading (const) and writing.
#define FIELD(path)                                                                                                    \
  [](auto& all) -> auto& { return all.path; }

std::vector<std::string>& known_runtimes() {
  static std::vector<std::string> names{"embedded", "containerlab"};
  return names;
}

std::vector<key_rule> make_rules(const std::vector<std::string>& runtimes) {
  const milliseconds ms{1};
  return {
      listen_rule(),
      origins_rule(),
      duration("server.pingInterval", ms, milliseconds{100}, hour, FIELD(server.ping_interval),
               "A quiet connection is asked for a sign of life this often."),
      duration("server.pingTimeout", ms, milliseconds{100}, hour, FIELD(server.ping_timeout),
               "A client that does not answer for this long is gone."),
      bytes("server.maxPayload", kib, 100 * mib, FIELD(server.max_payload),
            "The largest message that a client may send; a larger one ends its connection."),
      duration("server.connectTimeout", ms, milliseconds{100}, hour, FIELD(server.connect_timeout),
               "A connection that opens no namespace within this time is closed."),
      bytes("server.sendQueueBytes", 16 * kib, gib, FIELD(server.send_queue_bytes),
            "What may wait for one slow client. Beyond it log lines are skipped (and the client told), shells pause."),
      recovery_rule(),
      duration("server.recoveryWindow", second, second, hour, FIELD(server.recovery_window),
               "How long a lost client may stay away and still be given what it missed."),
      number("server.ioThreads", 0, 64, FIELD(server.io_threads),
             "Threads that serve connections; 0 takes half of the processors, at least one."),
      number("logs.backlogLines", 1, 1000000, FIELD(logs.backlog_lines),
             "Lines that a log keeps for those who come later; the oldest go first."),
      bytes("logs.backlogBytes", 64 * kib, gib, FIELD(logs.backlog_bytes),
            "Bytes that a log keeps, whatever its lines."),
      bytes("logs.lineBytes", 256, 4 * mib, FIELD(logs.line_bytes), "Longer lines are cut into several."),
      bytes("shell.scrollbackBytes", 4 * kib, 64 * mib, FIELD(shell.scrollback_bytes),
            "Output that a shell keeps for those who attach later."),
      number("shell.userLimit", 1, 10000, FIELD(shell.user_limit), "Shells that one user may hold open."),
      duration("shell.timeout", second, second, 24 * 365 * hour, FIELD(shell.timeout),
               "A shell without input and output is closed after this time."),
      kinds_rule(),
      choice(
          "shell.sshKnownHosts", {"ignore", "accept-new", "strict"}, FIELD(shell.ssh_known_hosts),
          "What is thought of the host keys of nodes that are reached by ssh. ignore: any will do, as each deployment "
          "makes new ones. accept-new: they are kept in known_hosts in the data folder, and may not change. strict: "
          "only "
          "those that are there."),
      choice("runtime.name", runtimes, FIELD(runtime.name),
             "What runs the labs. embedded: Linux namespaces on this machine, no Docker, no images. containerlab: "
             "containerlab and "
             "Docker."),
      number("runtime.parallel", 1, 64, FIELD(runtime.parallel),
             "Commands that run at a time; others wait their turn."),
      duration("runtime.deadline", second, second, 24 * hour, FIELD(runtime.deadline),
               "A command that takes longer, counted from its start, is cut off and has failed."),
      stop_grace_rule(),
      text(
          "runtime.containerlab", "name or path of a program", [](const std::string& given) { return !given.empty(); },
          FIELD(runtime.containerlab), "The containerlab program that the runtime containerlab uses."),
      text("runtime.docker", "unix:///PATH or tcp://HOST:PORT", is_docker_host, FIELD(runtime.docker),
           "The Docker engine of the runtime containerlab. Empty: what DOCKER_HOST says, else /var/run/docker.sock."),
      choice(
          "compat.nodeCommandIds", {"api", "reference"}, FIELD(compat.node_command_ids),
          "api: commands 2 and 3 stop and start a node, as published. reference: 2 starts and 3 stops, as the existing "
          "web interface sends them."),
      folder("labs.folder", false, FIELD(labs.folder),
             "Topology files (*.clab.yml) that are the labs; each sub-folder is a collection. It is watched."),
      folder("data.folder", true, FIELD(data.folder),
             "Where the service keeps its database, keys and running labs. Empty: /var/lib/stibium for root, else "
             "$XDG_STATE_HOME/stibium or ~/.local/state/stibium."),
      choice("log.level", {"trace", "debug", "info", "warn", "error", "off"}, FIELD(log.level),
             "What the service writes to standard error."),
  };
}

#undef FIELD

} // namespace

const std::vector<key_rule>& rules() {
  static const auto all = make_rules(known_runtimes());
  return all;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::chrono::milliseconds stop_grace_of(const settings& from) {
  return from.runtime.stop_grace.value_or(from.runtime.name == "containerlab" ? 10 * second : 5 * second);
}

void use_runtimes(const std::vector<std::string>& names) { known_runtimes() = names; }

const key_rule* find_rule(std::string_view name) {
  const auto& all = rules();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& rule) { return rule.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string refusal(const key_rule& rule, const raw_value& value) {
  auto text = rule.name + " takes: " + rule.takes + "; this is ";
  if (value.is_list) return text + "a list";
  constexpr size_t shown = 60;
  const auto& it = value.items.front();
  if (it.empty()) return text + "empty";
  return text + quoted(it.size() > shown ? it.substr(0, shown) + "..." : it);
}

} // namespace stibium::deploy
