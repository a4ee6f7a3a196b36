#include "deploy/client/bell.hpp"
#include "deploy/client/commands.hpp"
#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/terminal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <csignal>
#include <cstdlib>

namespace stibium::client {

namespace asio = boost::asio;

namespace {

// After the ack, lines that were said before it may still be on their way.
constexpr std::chrono::milliseconds late_lines{200};
// A log that begins with the deployment is there soon after it.
constexpr std::chrono::milliseconds log_retry{50};

int number_of(change what, bool reference) {
  switch (what) {
  case change::deploy: return 0;
  case change::destroy: return 1;
  case change::stop: return reference ? 3 : 2;
  case change::start: return reference ? 2 : 3;
  default: return 4;
  }
}

std::string done_text(change what, const lab& about, const std::string& node) {
  switch (what) {
  case change::deploy: return about.name + " is deployed";
  case change::destroy: return about.name + " is destroyed";
  case change::stop: return node + " of " + about.name + " is stopped";
  case change::start: return node + " of " + about.name + " runs";
  default: return node + " of " + about.name + " runs again";
  }
}

std::string nodes_table(const lab& about) {
  std::vector<std::vector<std::string>> rows{{"NODE", "KIND", "STATE", "CONTAINER"}};
  for (const auto& node : about.nodes)
    rows.push_back({node.name, node.kind, node.state, node.container_id.substr(0, 12)});
  return table(rows);
}

// Shows the lines of a lab's log while a command runs.
class progress : public std::enable_shared_from_this<progress> {
public:
  progress(connection& link, std::string token, const lab& about, const asio::any_io_executor& on)
      : link_{link}
      , token_{std::move(token)}
      , nsp_{"/logs/" + about.id}
      , done_{on} {}

  // Before the command: follows the log that is there, without what it held before.
  task<> begin() {
    try {
      co_await join(false);
    } catch (const refused& error) {
      if (error.title == "Invalid namespace") missing_ = true;
    }
  }

  // As the command is sent: a log that begins only now is all about this command.
  void await_log(const asio::any_io_executor& on) {
    if (missing_)
      asio::co_spawn(
          on, [self = shared_from_this()] { return self->retry(); }, asio::detached);
  }

  task<> end() {
    co_await done_.wait_for(late_lines);
    done_.ring();
  }

private:
  task<> join(bool with_backlog) {
    event_handler show = [self = weak_from_this(), with_backlog](const std::string& event, const auto& what) {
      if (self.expired()) return;
      if (event == "data" && what.IsString()) print(std::string{what.GetString()} + "\n");
      if (event != "backlog" || !with_backlog || !what.IsArray()) return;
      for (const auto& line : what.GetArray()) print(std::string{line.IsString() ? line.GetString() : ""} + "\n");
    };
    co_await link_.join(nsp_, token_, show);
  }

  task<> retry() {
    while (!co_await done_.wait_for(log_retry)) {
      try {
        co_await join(true);
        co_return;
      } catch (const refused& error) {
        if (error.title != "Invalid namespace") co_return;
      } catch (const failure&) {
        co_return; // the command itself fails as well, and says so
      }
    }
  }

  connection& link_;
  std::string token_, nsp_;
  bell done_;
  bool missing_ = false;
};

} // namespace

std::string lab_command(const lab& about, int command, const std::string& node, const std::string& shell) {
  std::vector<std::pair<std::string_view, std::string>> members{{"labId", json_text(about.id)},
                                                                {"command", std::to_string(command)}};
  if (!node.empty()) members.emplace_back("node", json_text(node));
  if (!shell.empty()) members.emplace_back("shellId", json_text(shell));
  return object(members);
}

task<lab_session> open_session(const context& with, const std::string& lab) {
  lab_session session;
  session.token = co_await access_token(with.where, with.who);
  const auto labs = co_await fetch_labs(with.where, session.token);
  session.about = find_lab(labs_from(labs), lab);
  session.link = co_await connection::open(with.where);
  event_handler nothing; // the service sends none there
  co_await session.link->join("/lab-commands", session.token, nothing);
  co_return session;
}

task<> list_labs(context with, std::string wanted) {
  const auto token = co_await access_token(with.where, with.who);
  const auto json = co_await fetch_labs(with.where, token);
  const auto all = labs_from(json);
  if (!wanted.empty()) {
    const auto& about = find_lab(all, wanted);
    if (!with.json)
      co_return print(about.nodes.empty() ? about.name + " is " + about.state + "\n" : nodes_table(about));
    for (const auto& each : json.GetArray())
      if (text_of(each, "id") == about.id) print(to_json(each) + "\n");
    co_return;
  }
  if (with.json) co_return print(to_json(json) + "\n");
  std::vector<std::vector<std::string>> rows{{"LAB", "STATE", "NODES", "CREATOR", "ID"}};
  for (const auto& each : all)
    rows.push_back(
        {each.name, each.state, each.nodes.empty() ? "-" : std::to_string(each.nodes.size()), each.creator, each.id});
  print(table(rows));
}

task<> change_lab(context with, change what, std::string wanted, std::string node) {
  const auto executor = co_await asio::this_coro::executor;
  auto session = co_await open_session(with, wanted);
  asio::signal_set interrupt{executor, SIGINT};
  interrupt.async_wait([name = session.about.name](const boost::system::error_code& error, int) {
    if (error) return;
    tell("\nstibium: not waiting any longer; the command goes on, see: stibium logs -f " + name);
    std::_Exit(went_wrong);
  });
  const bool shown = !with.json && (what == change::deploy || what == change::destroy);
  const auto log = std::make_shared<progress>(*session.link, session.token, session.about, executor);
  if (shown) co_await log->begin();
  if (shown) log->await_log(executor);
  std::exception_ptr error;
  rapidjson::Document payload;
  try {
    const auto number = number_of(what, with.reference_commands);
    payload = co_await session.link->request("/lab-commands", lab_command(session.about, number, node));
  } catch (const unreachable& lost) {
    const auto advice = "\nThe command may go on; see: stibium labs " + session.about.name;
    error = std::make_exception_ptr(failure{lost.what() + advice});
  } catch (const failure&) {
    error = std::current_exception();
  }
  if (shown) co_await log->end();
  if (error) std::rethrow_exception(error);
  co_await session.link->close();
  if (with.json) co_return print("{\"payload\":" + to_json(payload) + "}\n");
  print(done_text(what, session.about, node) + "\n");
}

} // namespace stibium::client
