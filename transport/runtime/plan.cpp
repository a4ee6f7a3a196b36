#include "transport/runtime/plan.hpp"

#include "actors/error.hpp"
#include "transport/runtime/command_line.hpp"

#include <algorithm>
#include <filesystem>
#include <openssl/evp.h>
#include <set>

namespace stibium::runtime {

namespace {

using topology::link_type;

// A node's name becomes a host name (at most 64 bytes) and part of file names.
constexpr size_t max_node_name = 64;
constexpr size_t max_instance_name = 200; // becomes the name of a folder

bool is_plain_name(std::string_view name, size_t longest) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= longest && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), plain);
}

std::string at_line(int line) { return line > 0 ? "line " + std::to_string(line) + ": " : ""; }

std::string check_link(const topology::link& link, const sandbox& box) {
  if (link.type == link_type::mgmt_net || link.type == link_type::vxlan || link.type == link_type::vxlan_stitch)
    return "links of type " + topology::to_string(link.type) + " are not supported by the embedded runtime";
  if (link.ends.size() != (link.type == link_type::veth ? 2u : 1u)) return "a link has the wrong number of endpoints";
  const bool to_host = link.type == link_type::host || link.type == link_type::macvlan;
  if (to_host && box.how() == isolation::user_namespace) return "links to the host need root";
  if (to_host && !topology::is_linux_interface_name(link.host_interface))
    return "\"" + link.host_interface + "\" is no name for an interface of the host";
  for (const auto& end : link.ends)
    if (!topology::is_linux_interface_name(end.interface))
      return "\"" + end.interface + "\" is no name for an interface of Linux";
  return {};
}

std::string check(const instance_ref& instance, const topology::definition& plan, const sandbox& box) {
  if (!is_plain_name(instance.name, max_instance_name) || !instance.folder.starts_with("/"))
    return "instance name " + in_quotes(instance.name) + " is not usable";
  if (plan.nodes.empty()) return "the topology has no nodes";
  for (const auto& node : plan.nodes)
    if (!is_plain_name(node.name, max_node_name))
      return at_line(node.line) + "node name " + in_quotes(node.name) +
             " is not usable: letters, digits, \".\", \"_\" and \"-\"";
  for (const auto& link : plan.links)
    if (const auto why = check_link(link, box); !why.empty()) return at_line(link.line) + why;
  return {};
}

// What the topology asks for and does not get.
void remark(const topology::definition& plan, const lab_log& log) {
  std::set<std::string> images;
  for (const auto& node : plan.nodes) {
    if (!node.kind.empty() && node.kind != "linux")
      log.warn("Kind runs as linux node=" + node.name + " kind=" + node.kind);
    if (!node.image.empty()) images.insert(node.image);
    if (!node.binds.empty()) log.warn("Binds are not mounted, the node sees the host's files node=" + node.name);
    if (!node.ports.empty()) log.warn("Ports are not published node=" + node.name);
    if (!node.startup_config.empty()) log.warn("Startup configuration is not used node=" + node.name);
  }
  for (const auto& image : images) log.info("Image is not used, nodes run on the host's files image=" + image);
}

} // namespace

std::string sha256_hex(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (unsigned i = 0; i < size; ++i) {
    result += digits[digest[i] >> 4];
    result += digits[digest[i] & 15];
  }
  return result;
}

caf::expected<topology::definition> read_plan(const instance_ref& instance, const sandbox& box, const lab_log& log) {
  const auto file = std::filesystem::path{instance.source}.filename().string();
  log.info("Parsing & checking topology file=" + file);
  auto reading = topology::read_topology(instance.topology);
  for (const auto& warning : reading.warnings) log.warn(file + ": " + to_string(warning));
  for (const auto& error : reading.errors) log.error(file + ": " + to_string(error));
  if (!reading.value) {
    const auto why = reading.errors.empty() ? std::string{"unreadable"} : to_string(reading.errors.front());
    return failure(ec::runtime_failed, file + ": " + why);
  }
  if (const auto why = check(instance, *reading.value, box); !why.empty())
    return failure(ec::runtime_failed, file + ": " + why);
  remark(*reading.value, log);
  return std::move(*reading.value);
}

instance_record make_record(const instance_ref& instance, const topology::definition& plan, const sandbox& box,
                            const std::string& name_space) {
  instance_record record;
  record.lab = instance.lab.value;
  record.name = instance.name;
  record.folder = instance.folder;
  record.topology = instance.topology;
  record.source = instance.source;
  record.boot = boot_id();
  record.isolation = to_string(box.how());
  record.holder = box.holder();
  const auto prefix = "sb" + sha256_hex(name_space + "/" + instance.name).substr(0, 10) + "-";
  for (const auto& node : plan.nodes) {
    node_record kept{node.name, node.kind, prefix + node.name, {}, {}};
    for (const auto& link : plan.links)
      for (const auto& end : link.ends) {
        if (end.node != node.name) continue;
        kept.interfaces.push_back(end.interface);
        if (link.type == link_type::host) kept.to_host.push_back(end.interface);
      }
    record.nodes.push_back(std::move(kept));
  }
  return record;
}

} // namespace stibium::runtime
