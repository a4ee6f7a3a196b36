#include "deploy/client/bell.hpp"
#include "deploy/client/commands.hpp"
#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/terminal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <map>

namespace stibium::client {

namespace asio = boost::asio;

namespace {

void print_line(const context& with, const rapidjson::Value& line) {
  if (!line.IsString()) return;
  print(with.json ? object({{"line", to_json(line)}}) + "\n"
                  : std::string{line.GetString(), line.GetStringLength()} + "\n");
}

void print_backlog(const context& with, const rapidjson::Value& lines, int last) {
  if (!lines.IsArray()) return;
  const auto count = lines.Size();
  const auto shown = last < 0 ? count : std::min(count, static_cast<rapidjson::SizeType>(last));
  for (auto i = count - shown; i < count; ++i) print_line(with, lines[i]);
}

std::string severity_name(int number) {
  constexpr const char* names[] = {"success", "info", "warning", "error", "fatal"};
  return number >= 0 && number < 5 ? names[number] : "info";
}

// "12:30:05" of an ISO 8601 time, in UTC as the service tells it.
std::string clock_of(const std::string& iso8601) {
  return iso8601.size() >= 19 ? iso8601.substr(11, 8) : std::string(8, ' ');
}

// Tells how the labs change: keeps their last known states and fetches them anew after each update.
class lab_watch : public std::enable_shared_from_this<lab_watch> {
public:
  lab_watch(context with, std::string token, asio::any_io_executor on)
      : with_{std::move(with)}
      , token_{std::move(token)}
      , executor_{std::move(on)} {}

  void update() {
    again_ = true;
    if (std::exchange(running_, true)) return;
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->refresh(); }, asio::detached);
  }

private:
  task<> refresh() {
    while (std::exchange(again_, false)) {
      try {
        tell_changes(labs_from(co_await fetch_labs(with_.where, token_)));
      } catch (const failure& error) {
        tell(std::string{"stibium: "} + error.what());
      }
    }
    running_ = false;
  }

  void tell_changes(const std::vector<lab>& now) {
    std::map<std::string, std::string> fresh;
    for (const auto& each : now) {
      auto text = each.name + " is " + each.state;
      for (const auto& node : each.nodes) text += ", " + node.name + " " + node.state;
      const auto before = states_.find(each.id);
      if (known_ && (before == states_.end() || before->second != text)) print("lab      " + text + "\n");
      fresh[each.id] = text;
    }
    for (const auto& [id, text] : states_)
      if (known_ && !fresh.contains(id)) print("lab      " + text.substr(0, text.find(' ')) + " is gone\n");
    states_ = std::move(fresh);
    known_ = true;
  }

  context with_;
  std::string token_;
  asio::any_io_executor executor_;
  std::map<std::string, std::string> states_; // lab id → what was told of it
  bool known_ = false, running_ = false, again_ = false;
};

event_handler json_printer(std::string nsp) {
  return [nsp = std::move(nsp)](const std::string&, const rapidjson::Value& what) {
    if (const auto* payload = member(what, "payload"))
      print(object({{"namespace", json_text(nsp)}, {"payload", to_json(*payload)}}) + "\n");
  };
}

void print_status(const std::string&, const rapidjson::Value& what) {
  const auto* message = member(what, "payload");
  if (!message) return;
  auto level = severity_name(number_of(*message, "severity", 1));
  level.resize(8, ' ');
  print(level + " " + clock_of(text_of(*message, "timestamp")) + "  " + text_of(*message, "source") + ": " +
        text_of(*message, "content") + "\n");
}

} // namespace

task<> show_log(context with, log_options what) {
  const auto executor = co_await asio::this_coro::executor;
  auto session = co_await open_session(with, what.lab);
  const auto nsp = "/logs/" + session.about.id + (what.node.empty() ? "" : "/" + what.node);
  bell backlog_shown{executor};
  event_handler show = [&](const std::string& event, const rapidjson::Value& value) {
    if (event == "backlog") print_backlog(with, value, what.last);
    if (event == "data" && (what.follow || !backlog_shown.rung())) print_line(with, value);
    if (event == "backlog") backlog_shown.ring();
  };
  try {
    co_await session.link->join(nsp, session.token, show);
  } catch (const refused& error) {
    if (error.title != "Invalid namespace") throw;
    throw failure{what.node.empty() ? session.about.name + " has no log yet: it has never been deployed"
                                    : "there is no log of " + what.node + ": " + session.about.name +
                                          " is not deployed or has no such node"};
  }
  if (!what.follow) {
    if (!co_await backlog_shown.wait_for(std::chrono::seconds{30})) throw failure{"the service sends no backlog"};
  } else {
    co_await session.link->ended(nsp);
    if (!with.json) tell("[the log has ended]");
  }
  co_await session.link->close();
}

task<> watch(context with) {
  const auto token = co_await access_token(with.where, with.who);
  const auto link = co_await connection::open(with.where);
  const auto labs = std::make_shared<lab_watch>(with, token, co_await asio::this_coro::executor);
  event_handler messages = json_printer("/status-messages"), updates = json_printer("/lab-updates");
  if (!with.json) {
    messages = print_status;
    updates = [labs](const std::string&, const rapidjson::Value&) { labs->update(); };
  }
  co_await link->join("/status-messages", token, messages);
  co_await link->join("/lab-updates", token, updates);
  if (!with.json) {
    labs->update();
    tell("watching " + with.where.text + "; end with ^C");
  }
  co_await link->ended("/status-messages");
}

} // namespace stibium::client
