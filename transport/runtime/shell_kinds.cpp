#include "transport/runtime/shell_kinds.hpp"

#include <utility>

namespace stibium::runtime {

namespace {

using programs = std::vector<std::vector<std::string>>;

constexpr const char* default_kind = "default";
constexpr std::string_view virtual_prefix = "vr-";

shell_method exec(programs commands) { return {shell_via::exec, std::move(commands), "", "", "", 22}; }

// The command line of a network system where it is there, else a shell of the container.
shell_method cli(std::vector<std::string> command) { return exec({std::move(command), {"bash"}, {"sh"}}); }

// Logins as containerlab's documentation of the kinds has them.
struct login {
  const char* user;
  const char* password;
  std::vector<const char*> kinds;
};

const std::vector<login>& logins() {
  static const std::vector<login> all{
      {"admin",
       "admin",
       {"6wind_vsr",
        "aruba_aoscx",
        "aoscx",
        "arista_veos",
        "veos",
        "cisco_c8000v",
        "c8000v",
        "cisco_cat9kv",
        "cat9kv",
        "cisco_csr1000v",
        "csr",
        "cisco_iol",
        "cisco_n9kv",
        "n9kv",
        "cisco_nxos",
        "nxos",
        "cisco_vios",
        "cisco_viosl2",
        "cisco_sdwan",
        "checkpoint_cloudguard",
        "dell_ftosv",
        "ftosv",
        "dell_sonic",
        "sonic-vm",
        "plvision_sonic",
        "fortinet_fortigate",
        "freebsd",
        "huawei_vrp",
        "mikrotik_ros",
        "ros",
        "nokia_sros",
        "sros",
        "openbsd"}},
      {"admin",
       "admin@123",
       {"juniper_vmx", "vmx", "juniper_vqfx", "vqfx", "juniper_vsrx", "vsrx", "juniper_vjunosrouter", "vjunosrouter",
        "juniper_vjunosswitch", "vjunosswitch", "juniper_vjunosevolved", "vjunosevolved", "juniper_cjunosevolved",
        "cjunosevolved", "ipinfusion_ocnos"}},
      {"admin", "Admin@123", {"cisco_ftdv", "ftdv", "paloalto_panos", "pan"}},
      {"admin", "CiscoAsa1!", {"cisco_asav", "asav"}},
      {"admin", "Labl@b!234", {"f5_bigip-ve"}},
      {"admin", "NokiaSros1!", {"nokia_srsim"}},
      {"cisco", "cisco123", {"cisco_c8000", "c8000"}},
      {"clab", "clab@123", {"cisco_xrv", "xrv", "cisco_xrv9k", "xrv9k", "cisco_xrd_vrouter", "generic_vm"}},
      {"cumulus", "Clab123!", {"nvidia_cumulusvx"}},
      {"diag", "ciena123", {"ciena_saos"}},

      {"root", "VR-netlab9", {"openwrt"}},
  };
  return all;
}

std::string in_single_quotes(std::string_view text) {
  std::string result = "'";
  for (char c : text)
    if (c == '\'')
      result += "'\\''";
    else
      result += c;
  return result + "'";
}

} // namespace

std::vector<std::string> exec_command(const shell_method& how) {
  if (how.commands.empty()) return {"sh"};
  if (how.commands.size() == 1) return how.commands.front();
  std::string script;
  for (const auto& each : how.commands) {
    std::string line;
    for (const auto& word : each) line += " " + in_single_quotes(word);
    if (&each != &how.commands.back())
      script += "command -v " + in_single_quotes(each.front()) + " >/dev/null 2>&1 && exec" + line + "; ";
    else
      script += "exec" + line;
  }
  return {"sh", "-c", std::move(script)};
}

shell_kinds::shell_kinds() {
  known_[default_kind] = exec({{"bash"}, {"sh"}});
  known_[std::string{virtual_prefix}] = {shell_via::ssh, {}, "admin", "admin", "", 22};
  for (const auto* kind : {"nokia_srlinux", "srl"}) known_[kind] = cli({"sr_cli"});
  for (const auto* kind : {"arista_ceos", "ceos"}) known_[kind] = cli({"Cli"});
  for (const auto* kind : {"juniper_crpd", "crpd", "juniper_csrx"}) known_[kind] = cli({"cli"});
  for (const auto* kind : {"cisco_xrd", "xrd"}) known_[kind] = cli({"/pkg/bin/xr_cli.sh"});
  known_["arrcus_arcos"] = cli({"/usr/bin/cli"});
  known_["veesix_osvbng"] = cli({"osvbngcli"});
  known_["vyosnetworks_vyos"] = cli({"su", "-", "admin"});
  known_["spirent_stc"] = exec({{"sh"}});
  for (const auto& each : logins())
    for (const auto* kind : each.kinds) known_[kind] = {shell_via::ssh, {}, each.user, each.password, "", 22};
}

void shell_kinds::set(std::string kind, shell_method how) { known_.insert_or_assign(std::move(kind), std::move(how)); }

void shell_kinds::change(std::string kind, const shell_change& how) {
  auto method = method_for(kind);
  if (how.via && *how.via != method.via) {
    const auto& usual = method_for(*how.via == shell_via::ssh ? virtual_prefix : default_kind);
    method = usual.via == *how.via ? usual : exec({{"bash"}, {"sh"}});
  }
  if (!how.command.empty()) method.commands = {how.command};
  if (!how.user.empty()) method.user = how.user;
  if (!how.password.empty()) method.password = how.password;
  if (!how.key_file.empty()) method.key_file = how.key_file;
  if (how.port != 0) method.port = how.port;
  set(std::move(kind), std::move(method));
}

const shell_method& shell_kinds::method_for(std::string_view kind) const {
  if (const auto found = known_.find(kind); found != known_.end() && kind != virtual_prefix) return found->second;
  if (!kind.starts_with(virtual_prefix)) return known_.find(default_kind)->second;
  // vr-NAME is an older spelling of a kind of a virtual machine.
  const auto found = known_.find(kind.substr(virtual_prefix.size()));
  if (found != known_.end() && found->second.via == shell_via::ssh) return found->second;
  return known_.find(virtual_prefix)->second;
}

} // namespace stibium::runtime
