#pragma once

#include "deploy/config.hpp"
#include "deploy/process.hpp"

#include <string>
#include <variant>
#include <vector>

namespace stibium::deploy {

/// Reads what `stibiumd` is to do from its command line and configuration file; answers `--help`, `--version`,
/// `--check-config` and everything wrong itself.
/// \param runtimes the names that `runtime.name` may have; the first is the default.
/// \return the settings to serve with, or how the program ends.
std::variant<settings, exit_code> read_command_line(int argc, char** argv, const std::vector<std::string>& runtimes);

} // namespace stibium::deploy
