#include "actors/error.hpp"
#include "transport/runtime/containerlab/work.hpp"
#include "transport/runtime/state_file.hpp"

#include <algorithm>
#include <filesystem>
#include <sys/mount.h>
#include <unistd.h>

namespace stibium::containerlab {

namespace fs = std::filesystem;

namespace {

// Docker may still be making a container when containerlab has been killed: it is looked for more than once.
constexpr int looks = 3;
constexpr std::chrono::milliseconds between_looks{200};

// containerlab's own way: it knows about hosts files, SSH configurations and links.
void destroy(const tools& with, const instance_ref& instance, const line_sink& log) {
  const instance_files files{instance.folder, instance.name};
  if (!fs::exists(files.topology()) && write_topology(instance)) return; // Docker's way has to do
  const runtime::interrupter never;
  const auto result =
      with.clab.run({"destroy", "-t", files.topology(), "--cleanup"}, files.folder, log, never, clean_up_deadline);
  if (result.error) log(runtime::log_line("WARN", "containerlab destroy: " + message_of(result.error)));
}

// Where links are parked, and a name for the container's network namespace.
void remove_namespaces(const std::string& container) {
  drop_parked_links(container);
  const auto link = "/run/netns/" + container;
  std::error_code code;
  if (fs::is_symlink(link, code)) ::unlink(link.c_str());
}

caf::error remove_containers(const tools& with, const instance_ref& instance, const line_sink& log) {
  auto engine = with.engine;
  const runtime::interrupter never;
  for (int look = 0; look < looks; ++look) {
    const auto seen = look_at(engine, with.run_root(), instance.name);
    if (!seen) return seen.error();
    if (seen->empty() && look > 0) return {};
    for (const auto& [name, node] : *seen) {
      if (const auto error = engine.remove(node.container_id, true)) return error;
      remove_namespaces(node.container_name);
      log(runtime::log_line("INFO", "Removed container name=" + node.container_name));
    }
    if (look + 1 < looks) never.sleep_for(between_looks);
  }
  const auto left = look_at(engine, with.run_root(), instance.name);
  if (!left) return left.error();
  if (left->empty()) return {};
  return failure(ec::runtime_failed, "container " + left->begin()->second.container_name + " cannot be removed");
}

// Only when nobody can be using it, or about to.
void remove_network(const tools& with, const std::string& network, const line_sink& log) {
  if (network.empty() || *with.builders > 1) return;
  auto engine = with.engine;
  const auto containers = engine.list();
  if (!containers) return;
  for (const auto& each : *containers)
    for (const auto& place : each.networks)
      if (place.network == network) return;
  if (!engine.remove_network(network)) log(runtime::log_line("INFO", "Removed docker network name=" + network));
}

void remove_files(const instance_files& files) {
  std::error_code code;
  fs::remove_all(files.lab_folder(), code);
  for (const auto& path : {files.topology(), runtime::draft_of(files.topology()), files.memory(),
                           runtime::draft_of(files.memory()), files.folder + "/." + files.name + ".clab.yml.bak"})
    fs::remove(path, code);
  fs::remove(files.folder, code); // only when nothing else is in it
}

} // namespace

void drop_parked_links(const std::string& container) {
  const auto parked = "/run/netns/clab-park-" + container;
  if (::access(parked.c_str(), F_OK) != 0) return;
  ::umount2(parked.c_str(), MNT_DETACH);
  ::unlink(parked.c_str());
}

caf::error clean_up(const tools& with, const instance_ref& instance, const std::string& network, const line_sink& log) {
  auto engine = with.engine;
  const auto seen = look_at(engine, with.run_root(), instance.name);
  if (!seen) return seen.error();
  const instance_files files{instance.folder, instance.name};
  const bool something = !seen->empty() || fs::exists(files.topology()) || fs::exists(files.lab_folder());
  if (something)
    destroy(with, instance, log);
  else
    log(runtime::log_line("INFO", "Nothing is there name=" + instance.name));
  if (auto error = remove_containers(with, instance, log)) return error;
  for (const auto& [name, node] : *seen) remove_namespaces(node.container_name);
  remove_network(with, network, log);
  remove_files(files);
  return {};
}

} // namespace stibium::containerlab
