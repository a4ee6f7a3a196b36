#include "transport/runtime/terminal.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <doctest/doctest.h>

#include <deque>

using namespace stibium;
using namespace stibium::runtime;

namespace {

// A far side that does what the test says.
struct fake_channel final : terminal_channel {
  struct script {
    std::deque<std::string> input; // to be read; then nothing more for now
    size_t room = SIZE_MAX;        // for writing
    std::string written;
    callback readable, writable, ended;
    std::vector<shell_size> sizes;
    int hang_ups = 0, kills = 0, destroyed = 0;
    bool closed = false;
  };
  explicit fake_channel(std::shared_ptr<script> in)
      : in{std::move(in)} {}
  ~fake_channel() override {
    in->readable = in->writable = in->ended = nullptr;
    ++in->destroyed;
  }
  void when_readable(callback then) override {
    REQUIRE_FALSE(in->readable); // at most one waits
    in->readable = std::move(then);
  }
  void when_writable(callback then) override { in->writable = std::move(then); }
  void when_ended(callback then) override { in->ended = std::move(then); }
  channel_result read(char* into, size_t room) override {
    if (in->input.empty()) return {in->closed ? channel_result::kind::closed : channel_result::kind::would_block};
    const auto text = std::move(in->input.front());
    in->input.pop_front();
    REQUIRE(text.size() <= room);
    text.copy(into, text.size());
    return {channel_result::kind::done, text.size()};
  }
  channel_result write(std::string_view bytes) override {
    if (in->room == 0) return {channel_result::kind::would_block};
    const auto n = std::min(in->room, bytes.size());
    in->written += bytes.substr(0, n);
    in->room -= n;
    return {channel_result::kind::done, n};
  }
  void resize(shell_size size) override { in->sizes.push_back(size); }
  void hang_up() override { ++in->hang_ups; }
  void kill() override { ++in->kills; }
  terminal_ended ending() override { return {"program ended (exit code 0)", false}; }
  std::shared_ptr<script> in;
};

struct ear {
  std::vector<std::string> outputs;
  std::vector<std::string> ends;
  std::deque<caf::response_promise> held; // answers that the test gives
  bool hold = false;
};

// A client that gives an answer when it is told to.
using answering_actor = terminal_client_actor::extend<caf::reacts_to<atom::resume>>;

caf::actor_system_config& config() {
  static caf::actor_system_config cfg;
  cfg.set("scheduler.policy", caf::atom("testing"));
  return cfg;
}

struct terminal_fixture {
  terminal_fixture()
      : system(config())
      , sched(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {
    births.system = &system;
    client = system.spawn([heard = heard](answering_actor::pointer self) -> answering_actor::behavior_type {
      return {[heard, self](const terminal_output& out) -> caf::result<void> {
                heard->outputs.push_back(out.bytes);
                if (!heard->hold) return caf::unit;
                auto promise = self->make_response_promise<void>();
                heard->held.emplace_back(promise);
                return promise;
              },
              [heard](const terminal_ended& end) { heard->ends.push_back(end.reason); },
              [heard](atom::resume) {
                heard->held.front().deliver(caf::unit);
                heard->held.pop_front();
              }};
    });
  }
  ~terminal_fixture() {
    heard->held.clear();
    if (terminal) caf::anon_send_exit(terminal, caf::exit_reason::kill);
    caf::anon_send_exit(client, caf::exit_reason::kill);
    sched.run();
  }
  void begin() {
    terminal =
        spawn_terminal(births, nullptr, "t", std::make_shared<fake_channel>(far), client, std::chrono::seconds{2});
    sched.run();
  }
  void fire(terminal_channel::callback& what) {
    REQUIRE(what);
    std::exchange(what, nullptr)();
    sched.run();
  }
  template <class T>
  void tell(T message) {
    caf::anon_send(terminal, std::move(message));
    sched.run();
  }
  caf::error type(const std::string& text) {
    caf::scoped_actor self{system};
    auto answer = self->request(terminal, caf::infinite, terminal_input{text});
    sched.run();
    caf::error error;
    answer.receive([] {}, [&](caf::error& err) { error = std::move(err); });
    return error;
  }
  void answer() {
    REQUIRE_FALSE(heard->held.empty());
    caf::anon_send(client, atom::resume_v);
    sched.run();
  }

  caf::actor_system system;
  caf::scheduler::test_coordinator& sched;
  nursery births;
  std::shared_ptr<fake_channel::script> far = std::make_shared<fake_channel::script>();
  std::shared_ptr<ear> heard = std::make_shared<ear>();
  answering_actor client;
  closable_terminal_actor terminal;
};

using texts = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(terminal_fixture, "terminal: output waits for the answer to the one before") {
  heard->hold = true;
  far->input = {"a", "b"};
  begin();
  CHECK(heard->outputs == texts{"a"});
  answer();
  CHECK(heard->outputs == texts{"a", "b"});
  answer();
  far->input = {"c"};
  fire(far->readable);
  CHECK(heard->outputs == texts{"a", "b", "c"});
}

TEST_CASE_FIXTURE(terminal_fixture, "terminal: nothing is read while it is paused, and nothing is lost") {
  begin();
  tell(atom::pause_v);
  far->input = {"a"};
  fire(far->readable);
  CHECK(heard->outputs.empty());
  far->closed = true;
  fire(far->ended);
  CHECK(heard->ends.empty());
  tell(atom::resume_v);
  CHECK(heard->outputs == texts{"a"});
  CHECK(heard->ends == texts{"program ended (exit code 0)"});
  CHECK(births.people->size() == 0);
}

TEST_CASE_FIXTURE(terminal_fixture, "terminal: input is taken in order, in parts, and refused past its bound") {
  far->room = 3;
  begin();
  CHECK_FALSE(type("abcde"));
  CHECK_FALSE(type("fg"));
  CHECK(far->written == "abc");
  far->room = 3;
  fire(far->writable);
  CHECK(far->written == "abcdef");
  CHECK_FALSE(type(std::string(max_terminal_input + 1, 'x')));
  CHECK(type("y") == ec::queue_full);
  far->room = SIZE_MAX;
  fire(far->writable);
  CHECK_FALSE(type("z"));
  CHECK(far->written == "abcdefg" + std::string(max_terminal_input + 1, 'x') + "z");
}

TEST_CASE_FIXTURE(terminal_fixture, "terminal: the end comes after all output, once") {
  begin();
  far->input = {"a", "b"};
  fire(far->ended); // others may hold the terminal: it is not closed
  CHECK(heard->outputs == texts{"a", "b"});
  CHECK(heard->ends == texts{"program ended (exit code 0)"});
  CHECK(far->destroyed == 1);
  CHECK(births.people->size() == 0);
}

TEST_CASE_FIXTURE(terminal_fixture, "terminal: closing hangs up, kills what survives that, and says why") {
  begin();
  caf::anon_send(terminal, atom::close_v, std::string{"node stopped"});
  sched.run();
  tell(atom::close_v);
  CHECK(far->hang_ups == 1);
  CHECK(far->kills == 0);
  sched.advance_time(std::chrono::seconds{2});
  sched.run();
  CHECK(far->kills == 1);
  CHECK(heard->ends.empty());
  far->input = {"last words"};
  fire(far->ended);
  CHECK(heard->outputs.empty());
  CHECK(heard->ends == texts{"node stopped"});
}

TEST_CASE_FIXTURE(terminal_fixture, "terminal: a client that goes down takes the program with it") {
  begin();
  caf::anon_send_exit(client, caf::exit_reason::kill);
  sched.run();
  CHECK(far->hang_ups == 1);
  fire(far->ended);
  CHECK(far->destroyed == 1);
}

TEST_CASE_FIXTURE(terminal_fixture, "terminal: sizes are passed on; input after the end is refused") {
  heard->hold = true;
  far->input = {"a"};
  begin();
  tell(shell_size{100, 50});
  REQUIRE(far->sizes.size() == 1);
  CHECK(far->sizes.front().cols == 100);
  fire(far->ended);
  CHECK(type("x") == ec::shell_not_found);
  answer();
  CHECK(heard->ends.size() == 1);
}
