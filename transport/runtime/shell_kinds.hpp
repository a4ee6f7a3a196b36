#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::runtime {

/// How a shell in a node is reached.
enum class shell_via : uint8_t {
  exec, ///< a program started in the node's container
  ssh   ///< a login at the node's management address
};

/// How a shell is opened in the nodes of one kind.
struct shell_method {
  shell_via via = shell_via::exec;
  /// For exec: programs with their arguments, tried in this order; at least one. For ssh: at most one, run instead of
  /// the login shell.
  std::vector<std::vector<std::string>> commands;
  std::string user; ///< for ssh; for exec the container's own user when it is empty
  std::string password;
  std::string key_file; ///< private key, tried before the password; none when empty
  uint16_t port = 22;   ///< for ssh
  bool operator==(const shell_method&) const = default;
};

/// What a configuration changes in a method; what is not there stays.
struct shell_change {
  std::optional<shell_via> via; ///< another one forgets everything else that is known of the kind
  std::vector<std::string> command;
  std::string user, password, key_file;
  uint16_t port = 0;
};

/// The one command line that starts the first of an exec method's programs that the node has. Several programs need
/// `sh` in the node.
std::vector<std::string> exec_command(const shell_method& how);

/// Which method opens a shell in which containerlab kind. A value; reading it is safe from all threads.
class shell_kinds {
public:
  /// containerlab's kinds with the logins that its documentation names. Kinds that are not known are containers with
  /// bash or sh; what follows `vr-` and is not known is a virtual machine with admin/admin.
  shell_kinds();

  /// Adds a kind or replaces what is known of it. The kind "default" is for those that are not known.
  void set(std::string kind, shell_method how);

  /// Changes what is known of a kind, or of kinds that are not known when it is not.
  void change(std::string kind, const shell_change& how);

  /// The method for a kind (label `clab-node-kind`).
  const shell_method& method_for(std::string_view kind) const;

private:
  std::map<std::string, shell_method, std::less<>> known_;
};

} // namespace stibium::runtime
