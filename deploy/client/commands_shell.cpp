#include "deploy/client/bell.hpp"
#include "deploy/client/commands.hpp"
#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/terminal.hpp"
#include "deploy/client/typing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <csignal>
#include <iostream>

namespace stibium::client {

namespace asio = boost::asio;

namespace {

constexpr int list_command = 5, open_command = 6, close_command = 7;
constexpr char end_of_input = 4; // what ^D types
constexpr std::chrono::milliseconds end_again{500};
// The reason of the end comes on another namespace than the end itself.
constexpr std::chrono::milliseconds late_reason{300};

// One terminal joined with one shell, from attaching to detaching or the shell's end.
class attachment : public std::enable_shared_from_this<attachment> {
public:
  attachment(connection& link, std::string shell, const asio::any_io_executor& on)
      : link_{link}
      , shell_{std::move(shell)}
      , nsp_{"/shells/" + shell_}
      , executor_{on}
      , over_{on}
      , told_{on}
      , resized_{on, SIGWINCH} {}

  // Joins the shell and the terminal. \return whether the user has detached.
  task<bool> run(std::string token) {
    event_handler notices = [self = shared_from_this()](const auto&, const auto& what) { self->notice(what); };
    event_handler output_of = [](const std::string& event, const rapidjson::Value& what) { output(event, what); };
    co_await link_.join("/shell-commands", token, notices);
    co_await link_.join(nsp_, token, output_of);
    raw_terminal raw;
    send_size();
    await_resize();
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->await_end(); }, asio::detached);
    {
      typing keys{executor_, [this](std::optional<std::string> typed) { input(std::move(typed)); }};
      keys_ = &keys;
      co_await over_.wait();
      keys_ = nullptr;
    }
    resized_.cancel();
    raw_terminal::restore();
    if (!detached_ && !lost_) co_await told_.wait_for(late_reason);
    co_return detached_;
  }

  const std::string& reason() const { return reason_; }
  bool failed() const { return failed_; }
  const std::optional<std::string>& lost() const { return lost_; }

private:
  static void output(const std::string& event, const rapidjson::Value& what) {
    if (event == "data" && what.IsString()) print({what.GetString(), what.GetStringLength()});
    if (event != "backlog" || !what.IsArray()) return;
    for (const auto& each : what.GetArray())
      if (each.IsString()) print({each.GetString(), each.GetStringLength()});
  }

  void notice(const rapidjson::Value& what) {
    if (text_of(what, "shellId") != shell_) return;
    reason_ = text_of(what, "message");
    failed_ = number_of(what, "command", 1) == 0;
    told_.ring();
  }

  void send_size() {
    if (!on_terminal()) return;
    const auto size = window_size();
    link_.emit(nsp_, "resize", object({{"cols", std::to_string(size.cols)}, {"rows", std::to_string(size.rows)}}));
  }

  void await_resize() {
    resized_.async_wait([self = shared_from_this()](const boost::system::error_code& error, int) {
      if (error || self->over_.rung()) return;
      self->send_size();
      self->await_resize();
    });
  }

  task<> await_end() {
    try {
      co_await link_.ended(nsp_);
    } catch (const failure& error) {
      if (!over_.rung()) lost_ = error.what();
    }
    over_.ring();
  }

  void input(std::optional<std::string> typed) {
    if (typed && on_terminal()) {
      auto filtered = escapes_.feed(*typed);
      typed = std::move(filtered.text);
      detached_ = filtered.detach;
    }
    if (!typed && on_terminal()) detached_ = true; // the terminal has been hung up
    if (!typed && !on_terminal()) {
      asio::co_spawn(
          executor_, [self = shared_from_this()] { return self->type_end(); }, asio::detached);
      return;
    }
    const auto text = typed ? joiner_.feed(*typed) : std::string{};
    if (!text.empty()) {
      at_line_start_ = text.back() == '\n' || text.back() == '\r';
      asio::co_spawn(
          executor_, [self = shared_from_this(), text] { return self->type(text); }, asio::detached);
    } else if (keys_) {
      keys_->taken();
    }
    if (detached_) over_.ring();
  }

  // Types the end of the input until the shell has taken it: one that comes while a program runs gets lost.
  task<> type_end() {
    const std::string end(at_line_start_ ? 1 : 2, end_of_input);
    for (bool ended = false; !ended;) {
      co_await type(end);
      ended = co_await over_.wait_for(end_again);
    }
  }

  // Types text; the ack is what lets more be read from the keyboard.
  task<> type(std::string text) {
    try {
      co_await link_.request(nsp_, json_text(text));
    } catch (const failure&) {
      // The shell or the connection is over, which is told on its own.
    }
    if (keys_) keys_->taken();
  }

  connection& link_;
  std::string shell_, nsp_;
  asio::any_io_executor executor_;
  bell over_, told_;
  asio::signal_set resized_;
  typing* keys_ = nullptr;
  escape_filter escapes_;
  utf8_joiner joiner_;
  bool detached_ = false, failed_ = false, at_line_start_ = true;
  std::string reason_;
  std::optional<std::string> lost_;
};

struct open_shell_entry {
  std::string id, node;
};

task<std::vector<open_shell_entry>> shells_of(lab_session& session) {
  const auto payload = co_await session.link->request("/lab-commands", lab_command(session.about, list_command));
  std::vector<open_shell_entry> result;
  if (payload.IsArray())
    for (const auto& each : payload.GetArray()) result.push_back({text_of(each, "id"), text_of(each, "node")});
  co_return result;
}

task<open_shell_entry> find_shell(lab_session& session, std::string wanted) {
  const auto all = co_await shells_of(session);
  std::vector<open_shell_entry> found;
  for (const auto& each : all)
    if (!wanted.empty() && each.id.starts_with(wanted)) found.push_back(each);
  if (found.size() == 1) co_return found.front();
  throw failure{(found.empty() ? "no open shell of yours is \"" : "more than one shell begins with \"") + wanted +
                "\"; see: stibium shells " + session.about.name};
}

} // namespace

task<> open_shell(context with, shell_options what) {
  const auto executor = co_await asio::this_coro::executor;
  auto session = co_await open_session(with, what.lab);
  std::string shell, node = what.node;
  if (what.attach.empty()) {
    const auto payload =
        co_await session.link->request("/lab-commands", lab_command(session.about, open_command, what.node));
    shell = payload.IsString() ? payload.GetString() : "";
  } else {
    const auto found = co_await find_shell(session, what.attach);
    shell = found.id;
    node = found.node;
  }
  if (on_terminal()) tell("[" + node + " of " + session.about.name + "; detach with ~. at the beginning of a line]");
  const auto joined = std::make_shared<attachment>(*session.link, shell, executor);
  const bool detached = co_await joined->run(session.token);
  if (joined->lost())
    throw failure{*joined->lost() + "\nThe shell may still be open; see: stibium shells " + session.about.name};
  co_await session.link->close();
  if (detached)
    tell("[detached; come back with: stibium shell " + session.about.name + " " + node + " --attach " +
         shell.substr(0, 8) + "]");
  else if (joined->failed())
    throw failure{"the shell broke: " + joined->reason()};
  else if (on_terminal())
    tell("[shell closed" + (joined->reason().empty() ? "" : ": " + joined->reason()) + "]");
}

task<> list_shells(context with, std::string lab) {
  auto session = co_await open_session(with, lab);
  const auto all = co_await shells_of(session);
  co_await session.link->close();
  std::vector<std::vector<std::string>> rows{{"SHELL", "NODE"}};
  for (const auto& each : all) {
    rows.push_back({each.id, each.node});
    if (with.json) print(object({{"id", json_text(each.id)}, {"node", json_text(each.node)}}) + "\n");
  }
  if (!with.json) print(all.empty() ? "no open shells\n" : table(rows));
}

task<> close_shell(context with, std::string lab, std::string wanted) {
  auto session = co_await open_session(with, lab);
  const auto shell = co_await find_shell(session, wanted);
  co_await session.link->request("/lab-commands", lab_command(session.about, close_command, {}, shell.id));
  co_await session.link->close();
  print(with.json ? "{\"payload\":null}\n" : "the shell in " + shell.node + " is closed\n");
}

} // namespace stibium::client
