#include "transport/runtime/shell_kinds.hpp"

#include <doctest/doctest.h>

using namespace stibium::runtime;

using words = std::vector<std::string>;

TEST_CASE("shell kinds: network systems get their own command line, containers a shell") {
  const shell_kinds kinds;
  CHECK(kinds.method_for("nokia_srlinux").commands.front() == words{"sr_cli"});
  CHECK(kinds.method_for("srl") == kinds.method_for("nokia_srlinux"));
  CHECK(kinds.method_for("arista_ceos").commands.front() == words{"Cli"});
  CHECK(kinds.method_for("crpd").commands.front() == words{"cli"});
  for (const auto* kind : {"linux", "sonic-vs", "never heard of", ""}) {
    CAPTURE(kind);
    CHECK(kinds.method_for(kind).via == shell_via::exec);
    CHECK(kinds.method_for(kind).commands == std::vector<words>{{"bash"}, {"sh"}});
  }
}

TEST_CASE("shell kinds: virtual machines are reached by ssh with the documented login") {
  const shell_kinds kinds;
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"nokia_sros", "admin", "admin"},
      {"vr-sros", "admin", "admin"},
      {"cisco_xrv9k", "clab", "clab@123"},
      {"vr-xrv9k", "clab", "clab@123"},
      {"juniper_vmx", "admin", "admin@123"},
      {"vr-vmx", "admin", "admin@123"},
      {"paloalto_panos", "admin", "Admin@123"},
      {"vr-something_new", "admin", "admin"},
      {"vr-", "admin", "admin"},
      {"generic_vm", "clab", "clab@123"},
      {"vr-srl", "admin", "admin"},
  };
  for (const auto& [kind, user, password] : cases) {
    CAPTURE(kind);
    const auto& how = kinds.method_for(kind);
    CHECK(how.via == shell_via::ssh);
    CHECK(how.user == user);
    CHECK(how.password == password);
    CHECK(how.port == 22);
  }
}

TEST_CASE("shell kinds: what is set goes before what is known") {
  shell_kinds kinds;
  kinds.set("linux", {shell_via::exec, {{"fish"}}, "", "", "", 22});
  kinds.set("mine", {shell_via::ssh, {}, "me", "", "/key", 2222});
  kinds.set("default", {shell_via::exec, {{"ash"}}, "", "", "", 22});
  CHECK(kinds.method_for("linux").commands.front() == words{"fish"});
  CHECK(kinds.method_for("mine").port == 2222);
  CHECK(kinds.method_for("vr-mine").key_file == "/key");
  CHECK(kinds.method_for("unknown").commands.front() == words{"ash"});
}

TEST_CASE("shell kinds: a change keeps what it does not name") {
  shell_kinds kinds;
  kinds.change("nokia_sros", {{}, {}, "", "secret", "", 0});
  CHECK(kinds.method_for("nokia_sros") == shell_method{shell_via::ssh, {}, "admin", "secret", "", 22});
  kinds.change("vr-sros", {{}, {}, "", "", "/key", 2222});
  CHECK(kinds.method_for("vr-sros") == shell_method{shell_via::ssh, {}, "admin", "admin", "/key", 2222});
  kinds.change("nokia_srlinux", {shell_via::ssh, {}, "", "NokiaSrl1!", "", 0});
  CHECK(kinds.method_for("nokia_srlinux") == shell_method{shell_via::ssh, {}, "admin", "NokiaSrl1!", "", 22});
  kinds.change("cisco_iol", {shell_via::exec, {}, "", "", "", 0});
  CHECK(kinds.method_for("cisco_iol") == kinds.method_for("linux"));
  kinds.change("mine", {{}, {"fish", "-l"}, "", "", "", 0});
  CHECK(kinds.method_for("mine").commands == std::vector<words>{{"fish", "-l"}});
  kinds.change("default", {shell_via::ssh, {}, "", "", "", 0});
  kinds.change("box", {shell_via::exec, {}, "", "", "", 0});
  CHECK(kinds.method_for("box").commands == std::vector<words>{{"bash"}, {"sh"}});
}

TEST_CASE("shell kinds: one command line tries programs in order, and quotes them") {
  CHECK(exec_command({shell_via::exec, {{"sr_cli", "-d"}}, "", "", "", 22}) == words{"sr_cli", "-d"});
  CHECK(exec_command({shell_via::exec, {{"it's", "a b"}, {"sh", "-l"}}, "", "", "", 22}) ==
        words{"sh", "-c", "command -v 'it'\\''s' >/dev/null 2>&1 && exec 'it'\\''s' 'a b'; exec 'sh' '-l'"});
  CHECK(exec_command({}) == words{"sh"});
}
