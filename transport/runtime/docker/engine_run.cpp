#include "transport/runtime/docker/engine_run.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/exec_mark.hpp"
#include "transport/runtime/docker/frames.hpp"
#include "transport/runtime/docker/http_call.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <thread>

// Programs in containers, without a terminal.

namespace stibium::docker {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_again{10};
constexpr int looks = 200; // the output ends a moment before the program does

// Reads the output of a program to its end.
struct output_reader {
  std::shared_ptr<http_call> call;
  std::string output;
  frame_reader frames;
  caf::error failed;
  bool ended = false;

  void begin(const std::string& exec) {
    call->open({"POST", "/exec/" + exec + "/start", R"({"Detach":false,"Tty":false})", false},
               [this](const caf::error& how) { how ? end(how) : next(); });
  }

  void next() {
    call->read([this](const caf::error& how, std::string_view piece) {
      if (how || piece.empty()) return end(how);
      const bool fine = frames.feed(piece, [this](int, std::string_view bytes, bool) {
        output += bytes.substr(0, max_run_output - std::min(max_run_output, output.size()));
      });
      if (!fine) return end(failure(ec::runtime_failed, "Docker has sent a broken stream"));
      next();
    });
  }

  void end(const caf::error& how) {
    failed = how;
    ended = true;
  }
};

caf::expected<run_result> result_of(engine& docker, const std::string& exec, std::string output) {
  for (int i = 0; i < looks; ++i) {
    auto answer = docker.call("GET", "/exec/" + exec + "/json");
    if (!answer) return std::move(answer.error());
    auto state = read_exec(*answer);
    if (!state) return std::move(state.error());
    if (state->never_ran()) return start_failure(std::move(output));
    if (state->ended) return run_result{state->exit_code, std::move(output)};
    std::this_thread::sleep_for(look_again);
  }
  return failure(ec::runtime_failed, "Docker does not say how the program has ended");
}

} // namespace

caf::expected<run_result> run_unwatched(engine& docker, const container_program& what, milliseconds deadline) {
  const auto until = steady_clock::now() + deadline;
  auto made = docker.call("POST", "/containers/" + percent_encode(what.container) + "/exec",
                          write_exec({what.argv, what.env, what.user, {}, false}));
  if (!made) return std::move(made.error());
  auto exec = read_id(*made);
  if (!exec) return std::move(exec.error());
  auto prefix = docker.api_prefix();
  if (!prefix) return std::move(prefix.error());

  boost::asio::io_context context;
  output_reader reader{make_http_call(context, docker.where(), *prefix), {}, {}, {}};
  reader.begin(*exec);
  context.run_until(until);
  reader.call->close();
  context.restart();
  context.poll(); // what is cancelled lets go of the call
  if (!reader.ended) return failure(ec::deadline_passed, what.argv.front() + " has not ended within its deadline");
  if (reader.failed) return std::move(reader.failed);
  return result_of(docker, *exec, std::move(reader.output));
}

caf::expected<run_result> engine::run(const std::string& id, const std::vector<std::string>& argv,
                                      const std::vector<std::string>& env, milliseconds deadline,
                                      const std::string& user) {
  if (argv.empty()) return failure(ec::invalid_request, "no program to run");
  const auto mark = next_exec_mark();
  container_program what{id, argv, env, user};
  what.env.push_back(mark_entry(mark));
  auto result = run_unwatched(*this, what, deadline);
  if (result || result.error() != ec::deadline_passed) return result;
  const auto failed = signal_marked(*this, id, mark, user, "KILL");
  return failed
             ? failure(ec::deadline_passed, message_of(result.error()) + ", and cannot be ended: " + message_of(failed))
             : std::move(result.error());
}

} // namespace stibium::docker
