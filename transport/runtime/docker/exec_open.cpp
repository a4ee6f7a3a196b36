#include "actors/error.hpp"
#include "transport/runtime/docker/engine.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/exec_ending.hpp"
#include "transport/runtime/docker/exec_mark.hpp"
#include "transport/runtime/docker/exec_stream.hpp"
#include "transport/runtime/docker/http_call.hpp"

#include <algorithm>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

// Starting a program in a container.

namespace stibium::docker {

namespace {

using namespace std::chrono_literals;

constexpr auto open_deadline = 10s; // of each step
constexpr auto look_again = 10ms;
constexpr int looks = 1000;
constexpr int last_words_wait = 1000; // ms

std::vector<std::string> environment(const exec_request& what, const std::string& mark) {
  auto result = what.env;
  if (std::ranges::none_of(result, [](const std::string& each) { return each.starts_with("TERM="); }))
    result.emplace_back("TERM=xterm-256color");
  result.push_back(mark_entry(mark));
  return result;
}

// Starts the exec; its connection becomes the terminal's.
caf::error hijack(exec_stream& into) {
  boost::asio::io_context context;
  std::optional<caf::error> answer;
  const auto call = make_http_call(context, into.where, into.prefix);
  call->open({"POST", "/exec/" + into.exec + "/start", R"({"Detach":false,"Tty":true})", true},
             [&](const caf::error& how) { answer = how; });
  context.run_for(open_deadline);
  if (answer && !*answer) {
    auto raw = call->take();
    into.fd.reset(raw.fd);
    into.first = std::move(raw.first);
    return into.fd ? caf::error{} : failure(ec::runtime_failed, "Docker's connection cannot be taken over");
  }
  call->close();
  context.restart();
  context.poll(); // what is cancelled lets go of the call
  return answer ? *answer : failure(ec::runtime_unavailable, "Docker does not start the program");
}

// What Docker says instead of starting a program.
std::string last_words(exec_stream& stream) {
  auto text = std::move(stream.first);
  char piece[1024];
  while (text.size() < max_error_text) {
    pollfd wait{stream.fd.get(), POLLIN, 0};
    if (::poll(&wait, 1, last_words_wait) <= 0) break;
    const auto n = ::recv(stream.fd.get(), piece, sizeof piece, MSG_DONTWAIT);
    if (n <= 0) break;
    text.append(piece, static_cast<size_t>(n));
  }
  return text;
}

// Waits until it runs, or has run.
caf::error wait_for_start(engine& docker, exec_stream& stream) {
  for (int i = 0; i < looks; ++i) {
    auto answer = docker.call("GET", "/exec/" + stream.exec + "/json");
    if (!answer) return std::move(answer.error());
    auto state = read_exec(*answer);
    if (!state) return std::move(state.error());
    if (state->never_ran()) return start_failure(last_words(stream));
    if (state->ended || state->pid > 0) return {};
    std::this_thread::sleep_for(look_again);
  }
  return failure(ec::runtime_unavailable, "Docker does not start the program");
}

caf::error start_exec(engine& docker, const exec_request& what, exec_stream& stream) {
  auto details = docker.inspect(what.container);
  if (!details) return std::move(details.error());
  if (!details->running || details->paused || details->restarting)
    return failure(ec::node_not_running, "container " + details->name + " is " + details->state);
  stream.container = details->id;
  stream.started_at = details->started_at;
  auto made = docker.call("POST", "/containers/" + stream.container + "/exec",
                          write_exec({what.argv, environment(what, stream.mark), what.user, what.folder, true}));
  if (!made) return std::move(made.error());
  auto id = read_id(*made);
  auto prefix = docker.api_prefix();
  if (!id || !prefix) return std::move(id ? prefix.error() : id.error());
  stream.exec = *id;
  stream.prefix = *prefix;
  if (auto failed = hijack(stream)) return failed;
  if (auto failed = wait_for_start(docker, stream)) {
    if (failed == ec::runtime_unavailable) end_soon({stream.where, stream.container, stream.mark, stream.user, "KILL"});
    return failed;
  }
  // A program that has ended already has no size; how it ended is for the channel to say.
  docker.call("POST", "/exec/" + stream.exec + "/resize?h=" + std::to_string(what.size.rows) +
                          "&w=" + std::to_string(what.size.cols));
  return {};
}

} // namespace

caf::expected<std::shared_ptr<runtime::terminal_channel>> open_exec(io::io_thread& thread, const endpoint& where,
                                                                    const exec_request& what) {
  if (what.argv.empty()) return failure(ec::invalid_request, "no program to start");
  engine docker{where, open_deadline};
  exec_stream stream;
  stream.where = where;
  stream.user = what.user;
  stream.mark = next_exec_mark();
  if (auto failed = start_exec(docker, what, stream)) return failed;
  return make_exec_channel(thread.context(), std::move(stream));
}

caf::error end_stray_execs(const endpoint& where, const std::string& container) {
  engine docker{where};
  return kill_strays(docker, container);
}

} // namespace stibium::docker
