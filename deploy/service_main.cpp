#include "actors/secret_id.hpp"
#include "deploy/service.hpp"
#include "deploy/service_options.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <unistd.h>
#include <utility>

namespace stibium::deploy {

namespace {

constexpr std::chrono::seconds stop_deadline{10};

void set_up_log(const std::string& level) {
  auto log = spdlog::stderr_color_mt("stibiumd");
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  log->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(log));
}

// How long a service that fails stays down: not at all at first, longer and longer when it fails again soon.
class failure_pause {
public:
  std::chrono::milliseconds next() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ > calm) failures_ = 0;
    last_ = now;
    const auto shift = std::min(failures_++, 6u);
    return shift == 0 ? std::chrono::milliseconds{0} : std::chrono::milliseconds{500 << shift};
  }

private:
  static constexpr std::chrono::minutes calm{2};
  std::chrono::steady_clock::time_point last_;
  unsigned failures_ = 0;
};

void announce(const service& it, native_login& login) {
  if (std::exchange(login.made_up, false))
    std::printf("login: %s / %s (set SB_NATIVE_PASSWORD to choose one)\n", login.username.c_str(),
                login.password.c_str());
  std::printf("listening on %s\n", it.url().c_str());
  std::fflush(stdout);
  tell_manager("READY=1\nSTATUS=Listening on " + it.url());
}

// One life of the service. \return how the program ends, or nothing when the service has failed and is to start again.
std::optional<exit_code> live(settings& values, native_login& login, const std::vector<runtime_choice>& runtimes,
                              stop_signals& signals, bool again) {
  std::atomic<bool> failed{false};
  service it{values, login, runtimes, [&](const std::string& why) {
               spdlog::critical("the service fails: {}", why);
               failed = true;
               signals.wake();
             }};
  if (const auto wrong = it.start()) {
    std::fprintf(stderr, "stibiumd: %s\n", wrong->text.c_str());
    if (again) return std::nullopt;
    return wrong->how;
  }
  values.server.listen.port = it.port(); // clients come back to it
  announce(it, login);
  std::string signal;
  while (signal.empty() && !failed) signal = signals.wait();
  if (!signal.empty()) {
    spdlog::info("{}: stopping", signal);
    tell_manager("STOPPING=1");
    signals.cut_off_after(stop_deadline);
  }
  const bool ended = it.stop();
  if (ended && signal.empty()) return std::nullopt;
  spdlog::info(ended ? "stopped" : "stopped, but not all has ended");
  spdlog::shutdown();
  // What has not ended would use what is destroyed next.
  if (!ended) _exit(static_cast<int>(signal.empty() ? exit_code::broken : exit_code::ended));
  return exit_code::ended;
}

exit_code serve(settings values, const std::vector<runtime_choice>& runtimes) {
  stop_signals signals;
  failure_pause pause;
  auto login = login_from_environment();
  spdlog::debug("{} files may be open", raise_file_limit());
  for (bool again = false;; again = true) {
    if (const auto how = live(values, login, runtimes, signals, again)) return *how;
    const auto span = pause.next();
    spdlog::warn("starting again in {} s", std::chrono::duration<double>{span}.count());
    if (!signals.wait(span).empty()) return exit_code::ended;
  }
}

} // namespace

native_login login_from_environment() {
  const auto value = [](const char* name) -> std::string {
    const char* found = std::getenv(name);
    return found ? found : "";
  };
  native_login login;
  if (auto name = value("SB_NATIVE_USERNAME"); !name.empty()) login.username = std::move(name);
  login.password = value("SB_NATIVE_PASSWORD");
  login.made_up = login.password.empty();
  if (login.made_up) login.password = secret_id();
  return login;
}

int run_service(int argc, char** argv, const std::vector<runtime_choice>& runtimes) {
  std::vector<std::string> names;
  for (const auto& each : runtimes) names.push_back(each.name);
  const auto read = read_command_line(argc, argv, names);
  if (const auto* done = std::get_if<exit_code>(&read)) return static_cast<int>(*done);
  const auto& values = std::get<settings>(read);
  set_up_log(values.log.level);
  try {
    return static_cast<int>(serve(values, runtimes));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stibiumd: internal error: %s\n", error.what());
    return static_cast<int>(exit_code::broken);
  }
}

} // namespace stibium::deploy
