#include "deploy/shells.hpp"

namespace stibium::deploy {

runtime::shell_kinds shells_of(const settings& from) {
  runtime::shell_kinds result;
  const auto add = [&](const std::string& kind, const shell_kind& how) {
    runtime::shell_change change{{}, how.command, how.user, how.password, how.key, how.port};
    if (how.method == "exec") change.via = runtime::shell_via::exec;
    if (how.method == "ssh") change.via = runtime::shell_via::ssh;
    result.change(kind, change);
  };
  // Others may build on it.
  const std::string first = "default";
  if (const auto found = from.shell.kinds.find(first); found != from.shell.kinds.end()) add(first, found->second);
  for (const auto& [kind, how] : from.shell.kinds)
    if (kind != first) add(kind, how);
  return result;
}

runtime::host_keys host_keys_of(const settings& from) {
  if (from.shell.ssh_known_hosts == "strict") return runtime::host_keys::strict;
  return from.shell.ssh_known_hosts == "accept-new" ? runtime::host_keys::accept_new : runtime::host_keys::ignore;
}

std::string known_hosts_of(const settings& from) { return from.data.folder + "/known_hosts"; }

} // namespace stibium::deploy
