#pragma once

#include "deploy/config.hpp"
#include "transport/runtime/shell_kinds.hpp"
#include "transport/runtime/ssh/ssh_channel.hpp"

/// \file
/// The configuration of shells as the runtimes want it.

namespace stibium::deploy {

/// containerlab's kinds with what `shell.kinds` changes in them.
runtime::shell_kinds shells_of(const settings& from);

/// `shell.sshKnownHosts`.
runtime::host_keys host_keys_of(const settings& from);

/// The file of known servers, in the data folder.
std::string known_hosts_of(const settings& from);

} // namespace stibium::deploy
