#include "deploy/service_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <iostream>
#include <optional>

namespace stibium::deploy {

namespace {

constexpr const char* about = R"(stibiumd: serves containerlab topologies with Antimony's Socket.IO API.

It runs until SIGTERM or SIGINT, then tells its clients, keeps running labs running, and ends within 10 s; a second
signal ends it at once.)";

constexpr const char* examples = R"(Examples:
  stibiumd --labs deploy/labs --data /tmp/stibium
  stibiumd --config /etc/stibium/stibium.yml --listen 0.0.0.0:3000
  stibiumd --config stibium.yml --set logs.backlogLines=500 --set server.corsOrigins=https://lab.example.org
  stibiumd --config stibium.yml --check-config
  stibiumd --print-config > stibium.yml

The login is taken from SB_NATIVE_USERNAME (default: admin) and SB_NATIVE_PASSWORD; without a password a random one is
made and printed at the start.

Exit codes: 0 stopped when asked; 64 wrong options; 66 labs folder not readable; 69 cannot listen; 70 internal error;
73 data folder not usable; 75 data folder in use; 78 wrong configuration; 130 cut off by a second signal.)";

// What the command line says; what it does not say stays empty.
struct arguments {
  std::string config, listen, labs, data, runtime;
  std::vector<std::string> sets;
  bool check = false, print = false;
};

void declare(CLI::App& app, arguments& all, const std::vector<std::string>& runtimes) {
  app.footer(examples);
  app.set_version_flag("--version", "stibiumd " STIBIUM_VERSION);
  const auto add = [&](const char* name, std::string& into, const char* type, const std::string& help) {
    app.add_option(name, into, help)->type_name(type)->group("Serving");
  };
  add("--listen", all.listen, "HOST:PORT", "Where to listen; port 0 takes a free one (default: 127.0.0.1:3000)");
  add("--labs", all.labs, "DIR", "The folder of topology files, *.clab.yml (default: labs)");
  add("--data", all.data, "DIR", "Where database, keys and running labs are kept");
  add("--runtime", all.runtime, "NAME",
      fmt::format("What runs the labs: {} (default: {})", fmt::join(runtimes, " or "), runtimes.front()));
  app.add_option("--config", all.config, "Read this file; the command line goes before it")
      ->type_name("FILE")
      ->group("Configuration");
  app.add_option("--set", all.sets, "Set any key of the configuration; may be given several times")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group("Configuration");
  app.add_flag("--check-config", all.check, "Check the configuration, say what is wrong, and end")
      ->group("Configuration");
  app.add_flag("--print-config", all.print, "Print the configuration with every key, and end")->group("Configuration");
}

exit_code fail(exit_code how, const std::string& text) {
  std::cerr << "stibiumd: " << text << "\n";
  return how;
}

// Applies the command line. \return what is wrong, or nothing.
std::optional<std::string> apply(const arguments& all, settings& into) {
  const std::pair<const char*, const std::string*> options[] = {{"server.listen", &all.listen},
                                                                {"labs.folder", &all.labs},
                                                                {"data.folder", &all.data},
                                                                {"runtime.name", &all.runtime}};
  for (const auto& [key, value] : options)
    if (!value->empty())
      if (auto wrong = set_key(into, key, *value); !wrong.empty()) return wrong;
  for (const auto& each : all.sets) {
    const auto equals = each.find('=');
    if (equals == std::string::npos) return "--set takes KEY=VALUE, not \"" + each + "\"";
    if (auto wrong = set_key(into, each.substr(0, equals), each.substr(equals + 1)); !wrong.empty()) return wrong;
  }
  return std::nullopt;
}

} // namespace

std::variant<settings, exit_code> read_command_line(int argc, char** argv, const std::vector<std::string>& runtimes) {
  use_runtimes(runtimes);
  arguments all;
  CLI::App app{about, "stibiumd"};
  declare(app, all, runtimes);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string{"stibiumd: "} + error.what() + "\nSee: stibiumd --help\n";
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_code::ended : exit_code::usage;
  }
  reading found;
  found.values.runtime.name = runtimes.front();
  if (!all.config.empty()) found = read_settings_file(all.config, found.values);
  for (const auto& each : found.wrong) std::cerr << to_string(each) << "\n";
  if (!found.wrong.empty())
    return fail(exit_code::bad_config, "the configuration is wrong; `stibiumd --print-config` shows every key");
  if (const auto wrong = apply(all, found.values)) return fail(exit_code::usage, *wrong);
  if (all.print) std::cout << to_yaml(found.values);
  if (all.check) std::cout << (all.config.empty() ? "the configuration" : all.config) << " is good\n";
  if (all.print || all.check) return exit_code::ended;
  if (found.values.data.folder.empty()) found.values.data.folder = default_data_folder();
  found.values.data.folder = std::filesystem::absolute(found.values.data.folder).lexically_normal().string();
  found.values.labs.folder = std::filesystem::absolute(found.values.labs.folder).lexically_normal().string();
  return found.values;
}

} // namespace stibium::deploy
