#include "actors/error.hpp"
#include "transport/runtime/lab_work.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace stibium::runtime {

namespace {

using topology::link_type;

// Links made by one call of `ip`: few enough that the log shows progress, many enough that calls cost little.
constexpr size_t links_per_call = 8;

// Names a new network namespace in the folder $1; `ip netns` does not work in a user namespace, where /run is not ours.
constexpr const char* name_script =
    "d=$1; shift; for n; do : >\"$d/$n\" && unshare --net=\"$d/$n\" true || exit 1; done";

constexpr const char* unname_script =
    "d=$1; shift; for n; do [ -e \"$d/$n\" ] || continue; umount -l \"$d/$n\" 2>/dev/null; rm -f \"$d/$n\"; done";

// $@: the interfaces to keep.
constexpr const char* reset_script = R"(
keep=" lo $* "
ip -o link show | while read -r _ d _; do
  d=${d%:}; d=${d%%@*}
  case $keep in *" $d "*) ;; *) ip link del dev "$d" 2>/dev/null ;; esac
done
for d in lo "$@"; do ip addr flush dev "$d" 2>/dev/null; ip link set "$d" down || exit 1; done
)";

// $1: the folder; then the names.
constexpr const char* address_script =
    "d=$1; shift; for n; do echo \"@$n\"; nsenter --net=\"$d/$n\" -- ip -o addr show up scope global; done";

std::vector<std::string> names_of(const lab_work& work) {
  std::vector<std::string> names;
  for (const auto& node : work.record.nodes) names.push_back(node.netns);
  return names;
}

program script(const lab_work& work, const char* text, std::vector<std::string> args) {
  std::vector<std::string> argv{work.box.tool("sh"), "-c", text, "sh"};
  argv.insert(argv.end(), std::make_move_iterator(args.begin()), std::make_move_iterator(args.end()));
  return work.box.outside(std::move(argv));
}

std::vector<std::string> folder_and_names(const lab_work& work) {
  auto args = names_of(work);
  auto folder = work.box.netns_path("");
  folder.pop_back(); // its slash
  args.insert(args.begin(), std::move(folder));
  return args;
}

std::string mtu_of(const topology::link& link) { return link.mtu > 0 ? " mtu " + std::to_string(link.mtu) : ""; }

// "name eth1 mtu 1500 address MAC netns PATH" for an end in a node.
std::string end_text(const lab_work& work, const topology::link& link, const topology::endpoint& end) {
  return "name " + end.interface + mtu_of(link) + (end.mac.empty() ? "" : " address " + end.mac) + " netns " +
         work.box.netns_path(work.record.find(end.node)->netns);
}

// The line for `ip -batch` that makes a link.
std::string link_text(const lab_work& work, const topology::link& link) {
  const auto& near = link.ends.front();
  switch (link.type) {
  case link_type::veth:
    return "link add " + end_text(work, link, near) + " type veth peer " + end_text(work, link, link.ends.back()) +
           "\n";
  case link_type::host:
    return "link add " + end_text(work, link, near) + " type veth peer name " + link.host_interface + mtu_of(link) +
           "\nlink set " + link.host_interface + " up\n";
  case link_type::macvlan:
    return "link add link " + link.host_interface + " " + end_text(work, link, near) + " type macvlan mode " +
           (link.mode.empty() ? "bridge" : link.mode) + "\n";
  case link_type::dummy: return "link add " + end_text(work, link, near) + " type dummy\n";
  case link_type::mgmt_net:
  case link_type::vxlan:
  case link_type::vxlan_stitch: break; // refused before anything is made
  }
  return {};
}

std::string name_of(const topology::link& link) {
  const auto& near = link.ends.front();
  auto text = near.node + ":" + near.interface;
  if (link.type == link_type::veth) return text + " ▪┄┄▪ " + link.ends.back().node + ":" + link.ends.back().interface;
  if (link.type == link_type::dummy) return text + " (dummy)";
  return text + " ▪┄┄▪ " + topology::to_string(link.type) + ":" + link.host_interface;
}

caf::expected<run_result> run_batch(const lab_work& work, program what, std::string input) {
  return run(std::move(what),
             {.input = std::move(input), .deadline = std::chrono::seconds{60}, .stop_steps = {}, .on_line = {}},
             work.stop);
}

// Which line of a batch failed, counted from 1, by "Command failed -:3"; 0 when `ip` does not say.
size_t failed_line(const std::string& err) {
  const auto at = err.find("Command failed -:");
  return at == std::string::npos ? 0 : std::strtoul(err.c_str() + at + 17, nullptr, 10);
}

// The first line of what `ip` says; the later ones name the line of our batch.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

} // namespace

caf::expected<run_result> lab_work::must(program what, std::string input) const {
  auto ended =
      run(std::move(what),
          {.input = std::move(input), .deadline = std::chrono::seconds{60}, .stop_steps = {}, .on_line = {}}, stop);
  if (ended && !ended->ok()) return failure(ec::runtime_failed, ended->last_error());
  return ended;
}

caf::error make_networks(const lab_work& work) {
  if (work.box.how() == isolation::processes) return {};
  if (work.box.how() == isolation::root) {
    std::string batch;
    for (const auto& name : names_of(work)) batch += "netns add " + name + "\n";
    auto done = work.must(work.box.outside({work.box.tool("ip"), "-batch", "-"}), std::move(batch));
    return done ? caf::error{} : std::move(done.error());
  }
  auto done = work.must(script(work, name_script, folder_and_names(work)));
  return done ? caf::error{} : std::move(done.error());
}

caf::error make_links(const lab_work& work) {
  const auto& links = work.plan.links;
  if (work.box.how() == isolation::processes) {
    if (!links.empty()) work.log.warn("Links are not created: " + work.box.detail());
    return {};
  }
  for (size_t begin = 0; begin < links.size(); begin += links_per_call) {
    const auto end = std::min(links.size(), begin + links_per_call);
    std::string batch;
    std::vector<size_t> link_of_line;
    for (auto i = begin; i < end; ++i) {
      const auto text = link_text(work, links[i]);
      batch += text;
      link_of_line.insert(link_of_line.end(), static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), i);
    }
    auto made = run_batch(work, work.box.outside({work.box.tool("ip"), "-batch", "-"}), std::move(batch));
    if (!made) return std::move(made.error());
    if (!made->ok()) {
      const auto line = std::clamp<size_t>(failed_line(made->err), 1, link_of_line.size());
      return failure(ec::runtime_failed,
                     "Creating link " + name_of(links[link_of_line[line - 1]]) + ": " + first_line(made->err));
    }
    for (auto i = begin; i < end; ++i) work.log.info("Created link: " + name_of(links[i]));
  }
  return {};
}

caf::error reset_network(const lab_work& work, const node_record& node) {
  if (work.box.how() == isolation::processes) return {};
  std::vector<std::string> argv{work.box.tool("sh"), "-c", reset_script, "sh"};
  argv.insert(argv.end(), node.interfaces.begin(), node.interfaces.end());
  auto done = work.must(work.box.in_netns(node.netns, std::move(argv)));
  return done ? caf::error{}
              : failure(static_cast<ec>(done.error().code()),
                        "node \"" + node.name + "\" network: " + message_of(done.error()));
}

caf::error remove_networks(const lab_work& work) {
  if (work.box.how() == isolation::processes) return {};
  // A link to the host is removed by hand: with its namespace alone it would go some time later.
  for (const auto& node : work.record.nodes) {
    std::string batch;
    for (const auto& name : node.to_host) batch += "link del dev " + name + "\n";
    if (batch.empty()) continue;
    auto done = run_batch(work, work.box.in_netns(node.netns, {work.box.tool("ip"), "-force", "-batch", "-"}), batch);
    if (!done) return std::move(done.error());
  }
  auto done = work.must(script(work, unname_script, folder_and_names(work)));
  return done ? caf::error{} : std::move(done.error());
}

std::map<std::string, node_addresses> read_addresses(const lab_work& work) {
  std::map<std::string, node_addresses> result;
  if (work.box.how() == isolation::processes) return result;
  const auto done = work.must(script(work, address_script, folder_and_names(work)));
  if (!done) return result;
  std::map<std::string, std::string> by_netns;
  for (const auto& node : work.record.nodes) by_netns[node.netns] = node.name;
  std::istringstream lines{done->out};
  node_addresses* at = nullptr;
  // "2: eth1    inet 10.0.0.1/30 scope global eth1 ..."
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("@")) {
      at = &result[by_netns[line.substr(1)]];
      continue;
    }
    std::istringstream words{line};
    std::string index, name, family, address;
    words >> index >> name >> family >> address;
    auto* into = !at || name == "lo" ? nullptr : family == "inet" ? &at->ipv4 : family == "inet6" ? &at->ipv6 : nullptr;
    if (into && into->empty()) *into = address.substr(0, address.find('/'));
  }
  return result;
}

} // namespace stibium::runtime
