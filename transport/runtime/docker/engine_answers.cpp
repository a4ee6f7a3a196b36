#include "transport/runtime/docker/engine_answers.hpp"

#include "actors/error.hpp"
#include "protocol/socketio/json.hpp"
#include "transport/runtime/docker/http_call.hpp"
#include "transport/runtime/docker/json.hpp"

namespace stibium::docker {

using rapidjson::Value;
using socketio::json_string;

namespace {

caf::error unexpected(const char* what) {
  return failure(ec::runtime_failed, std::string{"Docker's answer is no "} + what);
}

std::string without_slash(std::string name) { return name.starts_with('/') ? name.substr(1) : name; }

std::vector<network_address> networks_of(const Value* settings) {
  std::vector<network_address> result;
  const auto* networks = member(settings, "Networks");
  if (!networks || !networks->IsObject()) return result;
  for (const auto& each : networks->GetObject())
    result.push_back({text_of(&each.name), text_of(member(&each.value, "IPAddress")),
                      text_of(member(&each.value, "GlobalIPv6Address"))});
  return result;
}

std::string json_array(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const auto& each : texts) (result += result.size() > 1 ? "," : "") += json_string(each);
  return result + "]";
}

container container_of(const Value& from) {
  container result;
  result.id = text_of(member(&from, "Id"));
  const auto* names = member(&from, "Names");
  if (names && names->IsArray() && !names->Empty()) result.name = without_slash(text_of(&(*names)[0]));
  result.labels = texts_of(member(&from, "Labels"));
  result.state = text_of(member(&from, "State"));
  result.status = text_of(member(&from, "Status"));
  result.image = text_of(member(&from, "Image"));
  result.networks = networks_of(member(&from, "NetworkSettings"));
  return result;
}

} // namespace

caf::expected<version_info> read_version(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return parsed.error();
  version_info result{text_of(member(&*parsed, "Version")), {}};
  if (result.version.empty()) return unexpected("version");
  return result;
}

caf::expected<std::vector<container>> read_containers(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return parsed.error();
  if (!parsed->IsArray()) return unexpected("list of containers");
  std::vector<container> result;
  for (const auto& each : parsed->GetArray())
    if (each.IsObject()) result.push_back(container_of(each));
  return result;
}

caf::expected<container_details> read_container(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return parsed.error();
  container_details result;
  result.id = text_of(member(&*parsed, "Id"));
  if (result.id.empty()) return unexpected("container");
  result.name = without_slash(text_of(member(&*parsed, "Name")));
  const auto* config = member(&*parsed, "Config");
  result.image = text_of(member(config, "Image"));
  result.labels = texts_of(member(config, "Labels"));
  result.tty = flag_of(member(config, "Tty"));
  const auto* state = member(&*parsed, "State");
  result.state = text_of(member(state, "Status"));
  result.running = flag_of(member(state, "Running"));
  result.paused = flag_of(member(state, "Paused"));
  result.restarting = flag_of(member(state, "Restarting"));
  result.out_of_memory = flag_of(member(state, "OOMKilled"));
  result.pid = static_cast<int>(number_of(member(state, "Pid")));
  result.exit_code = static_cast<int>(number_of(member(state, "ExitCode")));
  result.error = text_of(member(state, "Error"));
  result.started_at = text_of(member(state, "StartedAt"));
  result.finished_at = text_of(member(state, "FinishedAt"));
  result.restart_count = static_cast<int>(number_of(member(&*parsed, "RestartCount")));
  result.restart_policy = text_of(member(member(member(&*parsed, "HostConfig"), "RestartPolicy"), "Name"));
  result.networks = networks_of(member(&*parsed, "NetworkSettings"));
  return result;
}

caf::expected<exec_state> read_exec(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return parsed.error();
  if (!member(&*parsed, "Running")) return unexpected("exec");
  exec_state result;
  result.running = flag_of(member(&*parsed, "Running"));
  const auto* code = member(&*parsed, "ExitCode");
  result.ended = !result.running && code && code->IsInt();
  result.exit_code = static_cast<int>(number_of(code));
  result.pid = static_cast<int>(number_of(member(&*parsed, "Pid")));
  return result;
}

caf::error start_failure(std::string words) {
  while (!words.empty() && (words.back() == '\n' || words.back() == '\r')) words.pop_back();
  if (words.empty()) words = "the program cannot be started";
  // The container has ended between the creation and the start.
  const bool stopped = words.find("stopped container") != std::string::npos;
  return failure(stopped ? ec::node_not_running : ec::runtime_failed, std::move(words));
}

caf::expected<std::string> read_id(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed) return parsed.error();
  auto id = text_of(member(&*parsed, "Id"));
  if (id.empty() || percent_encode(id) != id) return unexpected("id");
  return id;
}

std::string write_exec(const exec_body& what) {
  std::string result = R"({"AttachStdin":)";
  result += what.tty ? "true" : "false";
  result += R"(,"AttachStdout":true,"AttachStderr":true,"Tty":)";
  result += what.tty ? "true" : "false";
  result += R"(,"Cmd":)" + json_array(what.argv) + R"(,"Env":)" + json_array(what.env);
  if (!what.user.empty()) result += R"(,"User":)" + json_string(what.user);
  if (!what.folder.empty()) result += R"(,"WorkingDir":)" + json_string(what.folder);
  return result + "}";
}

std::string write_filters(const string_map& fixed, const std::vector<std::string>& labels) {
  std::string result = "{";
  for (const auto& [key, value] : fixed)
    (result += result.size() > 1 ? "," : "") += json_string(key) + ":[" + json_string(value) + "]";
  if (!labels.empty()) (result += result.size() > 1 ? "," : "") += R"("label":)" + json_array(labels);
  return percent_encode(result + "}");
}

} // namespace stibium::docker
