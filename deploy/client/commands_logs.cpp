#include "deploy/client/bell.hpp"
#include "deploy/client/commands.hpp"
#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/line_memory.hpp"
#include "deploy/client/reconnect.hpp"
#include "deploy/client/terminal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <map>

namespace stibium::client {

namespace asio = boost::asio;

namespace {

constexpr std::string_view invalid_namespace = "Invalid namespace";
constexpr std::chrono::seconds backlog_patience{30};
// Attempts to find a log after a break, before it is taken for gone.
constexpr int max_missing = 5;

void print_line(const context& with, std::string_view line) {
  print(with.json ? object({{"line", json_text(line)}}) + "\n" : std::string{line} + "\n");
}

std::vector<std::string_view> lines_of(const rapidjson::Value& backlog) {
  std::vector<std::string_view> lines;
  if (!backlog.IsArray()) return lines;
  for (const auto& line : backlog.GetArray())
    lines.push_back(line.IsString() ? std::string_view{line.GetString(), line.GetStringLength()} : std::string_view{});
  return lines;
}

// One log as it is shown, across all connections that it takes.
class log_view : public std::enable_shared_from_this<log_view> {
public:
  log_view(context with, log_options what, const asio::any_io_executor& on)
      : with_{std::move(with)}
      , what_{std::move(what)}
      , shown_{on} {}

  task<> begin() {
    auto session = co_await open_session(with_, what_.lab);
    about_ = std::move(session.about);
    nsp_ = "/logs/" + about_.id + (what_.node.empty() ? "" : "/" + what_.node);
    link_ = std::move(session.link);
    try {
      co_await join(session.token);
    } catch (const refused& error) {
      if (error.title != invalid_namespace) throw;
      throw failure{what_.node.empty() ? about_.name + " has no log yet: it has never been deployed"
                                       : "there is no log of " + what_.node + ": " + about_.name +
                                             " is not deployed or has no such node"};
    }
  }

  task<> show_backlog() {
    // A variable: g++ 12 goes astray when a condition awaits and throws.
    const bool shown = co_await shown_.wait_for(backlog_patience);
    if (!shown) throw failure{"the service sends no backlog"};
  }

  task<> follow() {
    const std::function<task<>()> restore = [this] { return rejoin(); };
    while (co_await is_lost(*link_, nsp_, what_.reconnect)) co_await come_back(restore);
    if (!with_.json) tell("[the log has ended]");
  }

  task<> close() { return link_->close(); }

private:
  task<> join(const std::string& token) {
    event_handler show = [self = weak_from_this()](const std::string& event, const rapidjson::Value& value) {
      if (const auto it = self.lock()) it->received(event, value);
    };
    co_await link_->join(nsp_, token, show);
  }

  task<> rejoin() {
    const auto token = co_await access_token(with_.where, with_.who);
    link_ = co_await connection::open(with_.where);
    again_ = true;
    try {
      co_await join(token);
    } catch (const refused& error) {
      if (error.title != invalid_namespace) throw;
      // A service that has just begun may not have taken its labs back yet.
      if (++missing_ < max_missing) throw unreachable{error.what()};
      throw failure{about_.name + " is no longer deployed, or its log is gone"};
    }
    missing_ = 0;
  }

  void received(const std::string& event, const rapidjson::Value& value) {
    if (event == "backlog") backlog(lines_of(value));
    if (event == "data" && (what_.follow || !shown_.rung()) && value.IsString())
      line({value.GetString(), value.GetStringLength()});
  }

  void line(std::string_view text) {
    if (what_.follow) seen_.add(text);
    print_line(with_, text);
  }

  void backlog(const std::vector<std::string_view>& lines) {
    size_t from = 0;
    if (std::exchange(again_, false)) {
      from = seen_.known_in(lines);
      tell("stibium: connected again");
      if (from == 0 && !seen_.empty() && !lines.empty())
        tell("[a new log, or one with lines missing before the next ones]");
    } else if (what_.last >= 0) {
      from = lines.size() - std::min(lines.size(), static_cast<size_t>(what_.last));
      for (size_t i = 0; i < from; ++i) seen_.add(lines[i]);
    }
    for (; from < lines.size(); ++from) line(lines[from]);
    shown_.ring();
  }

  context with_;
  log_options what_;
  bell shown_;
  lab about_;
  std::string nsp_;
  std::unique_ptr<connection> link_;
  line_memory seen_;
  bool again_ = false; // the next backlog is not the first one
  int missing_ = 0;    // times that the log was not there after a break
};

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
  lab_watch(context with, asio::any_io_executor on)
      : with_{std::move(with)}
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
        // Tokens are good for half an hour, which is short for watching.
        const auto token = co_await access_token(with_.where, with_.who);
        tell_changes(labs_from(co_await fetch_labs(with_.where, token)));
      } catch (const unreachable&) {
        // Whoever watches is told of the lost connection.
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
  const auto view = std::make_shared<log_view>(with, what, executor);
  co_await view->begin();
  if (what.follow)
    co_await view->follow();
  else
    co_await view->show_backlog();
  co_await view->close();
}

task<> watch(context with, bool reconnect) {
  const auto labs = std::make_shared<lab_watch>(with, co_await asio::this_coro::executor);
  std::unique_ptr<connection> link;
  const std::function<task<>()> join = [&]() -> task<> {
    const auto token = co_await access_token(with.where, with.who);
    link = co_await connection::open(with.where);
    event_handler messages = json_printer("/status-messages"), updates = json_printer("/lab-updates");
    if (!with.json) {
      messages = print_status;
      updates = [labs](const std::string&, const rapidjson::Value&) { labs->update(); };
    }
    co_await link->join("/status-messages", token, messages);
    co_await link->join("/lab-updates", token, updates);
    if (!with.json) labs->update();
  };
  co_await join();
  if (!with.json) tell("watching " + with.where.text + "; end with ^C");
  while (co_await is_lost(*link, "/status-messages", reconnect)) {
    co_await come_back(join);
    tell("stibium: connected again; messages of the time in between are missing");
  }
}

} // namespace stibium::client
