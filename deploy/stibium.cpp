#include "deploy/client/commands.hpp"
#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"
#include "deploy/client/terminal.hpp"
#include "deploy/config_values.hpp"
#include "deploy/mint.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <functional>

namespace {

using namespace stibium::client;

constexpr const char* about = R"(stibium: the command line client of a stibium service.

LAB is a lab's name, its id, or the beginning of either when only one lab fits.)";

constexpr const char* examples = R"(Examples:
  stibium login --username admin          log in once; the login is kept for 30 days
  stibium labs                            what labs there are and how they are
  stibium deploy ping                     deploy, with the lab's log while it runs
  stibium shell ping n1                   a terminal in node n1; detach with ~. at the beginning of a line
  echo 'ping -c 1 10.0.0.2' | stibium shell ping n1
  stibium logs -f ping n2                 follow a node's log
  stibium stop ping n2 && stibium start ping n2
  stibium destroy ping
  stibium --json labs | jq '.[].name'

Environment: STIBIUM_URL, STIBIUM_TOKEN, SB_NATIVE_USERNAME, SB_NATIVE_PASSWORD (as the options of that meaning).
Exit codes: 0 done; 1 the service refused or failed, or cannot be reached; 2 wrong usage; 130 ended by ^C.)";

constexpr const char* common =
    R"(Options of every command, before or after it: --url, --token, --username, --password, --json; see stibium --help.)";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// What the options and the environment say.
struct options {
  std::string url = environment("STIBIUM_URL");
  credentials given;
  bool json = false;
  std::string compat = "api";

  context make_context() const {
    context result{parse_url(url.empty() ? "http://127.0.0.1:3000" : url), given, json, compat == "reference"};
    // What is given on the command line goes before what the environment says.
    if (given.token.empty() && given.username.empty()) result.who.token = environment("STIBIUM_TOKEN");
    if (given.username.empty()) result.who.username = environment("SB_NATIVE_USERNAME");
    if (given.password.empty()) result.who.password = environment("SB_NATIVE_PASSWORD");
    if (result.who.username.empty()) result.who.username = "admin";
    return result;
  }
};

// Runs one command to its end on this thread.
void run(task<> what) {
  boost::asio::io_context loop;
  std::exception_ptr error;
  boost::asio::co_spawn(loop, std::move(what), [&](std::exception_ptr thrown) {
    error = thrown;
    loop.stop();
  });
  loop.run();
  if (error) std::rethrow_exception(error);
}

using chosen = std::function<void()>;

void add_login(CLI::App& app, options& all, chosen& command) {
  auto* login = app.add_subcommand("login", "Log in with user and password, and keep the login")->group("Access");
  login->callback([&] {
    command = [&] {
      auto with = all.make_context();
      if (with.who.password.empty()) with.who.password = ask_password("Password of " + with.who.username + ": ");
      run(keep_login(with.where, with.who.username, with.who.password));
      print("logged in at " + with.where.text + " as " + with.who.username + "\n");
    };
  });
  auto* logout = app.add_subcommand("logout", "Forget the kept login")->group("Access");
  logout->callback([&] {
    command = [&] {
      const auto where = all.make_context().where;
      print((forget_login(where) ? "logged out of " : "was not logged in at ") + where.text + "\n");
    };
  });
}

void add_changes(CLI::App& app, options& all, chosen& command, std::string& lab, std::string& node) {
  const auto add = [&](const char* name, const char* help, change what, bool has_node) {
    auto* it = app.add_subcommand(name, help)->group("Labs");
    it->add_option("LAB", lab, "The lab")->required();
    if (has_node) it->add_option("NODE", node, "The node, as the topology names it")->required();
    it->callback([&, what] { command = [&, what] { run(change_lab(all.make_context(), what, lab, node)); }; });
  };
  add("deploy", "Deploy a lab; one that runs is redeployed", change::deploy, false);
  add("destroy", "Destroy a lab; a deployment under way is cancelled", change::destroy, false);
  add("stop", "Stop a node; its links stay", change::stop, true);
  add("start", "Start a node that is stopped", change::start, true);
  add("restart", "Stop and start a node", change::restart, true);
}

void add_views(CLI::App& app, options& all, chosen& command, log_options& log) {
  auto* labs = app.add_subcommand("labs", "List the labs, or the nodes of one")->group("Labs");
  labs->add_option("LAB", log.lab, "Show the nodes of this lab");
  labs->callback([&] { command = [&] { run(list_labs(all.make_context(), log.lab)); }; });

  auto* orphans =
      app.add_subcommand("orphans", "List instances that run, but belong to no lab (admins)")->group("Labs");
  auto* remove = orphans->add_option("--remove", log.lab, "Destroy this one")->type_name("INSTANCE");
  orphans->callback([&, remove] {
    command = [&, remove] {
      run(remove->empty() ? list_orphans(all.make_context()) : remove_orphan(all.make_context(), log.lab));
    };
  });

  auto* logs = app.add_subcommand("logs", "Show the log of a lab or of a node")->group("Streams");
  logs->add_option("LAB", log.lab, "The lab")->required();
  logs->add_option("NODE", log.node, "Show this node's log instead of the lab's");
  logs->add_flag("-f,--follow", log.follow, "Go on with what comes");
  logs->add_option("-n,--lines", log.last, "Show only the last N lines of what is there")
      ->check(CLI::Validator{CLI::NonNegativeNumber}.description(""))
      ->type_name("N");
  logs->add_flag("!--no-reconnect", log.reconnect, "With -f: end with 1 when the connection is lost");
  logs->footer(std::string{"With -f it also goes on after a restart of the service, until ^C.\n"} + common);
  logs->callback([&] { command = [&] { run(show_log(all.make_context(), log)); }; });

  auto* watching =
      app.add_subcommand("watch", "Show status messages and changes of labs as they come")->group("Streams");
  watching->add_flag("!--no-reconnect", log.reconnect, "End with 1 when the connection is lost");
  watching->footer(std::string{"It also goes on after a restart of the service, until ^C.\n"} + common);
  watching->callback([&] { command = [&] { run(watch(all.make_context(), log.reconnect)); }; });
}

void add_shells(CLI::App& app, options& all, chosen& command, shell_options& shell) {
  auto* open = app.add_subcommand("shell", "Open a terminal in a node")->group("Streams");
  open->add_option("LAB", shell.lab, "The lab")->required();
  auto* node = open->add_option("NODE", shell.node, "The node");
  open->add_option("--attach", shell.attach, "Attach to an open shell (see: stibium shells LAB)")->type_name("SHELL");
  open->footer(
      std::string{"Detach with ~. at the beginning of a line: the shell stays open and can be attached to again.\n"
                  "Input that is no terminal is typed into the shell and ended with ^D.\n"} +
      common);
  open->callback([&, node] {
    if (node->empty() && shell.attach.empty()) throw CLI::RequiredError("NODE");
    command = [&] { run(open_shell(all.make_context(), shell)); };
  });

  auto* list = app.add_subcommand("shells", "List your open shells in a lab")->group("Streams");
  list->add_option("LAB", shell.lab, "The lab")->required();
  list->callback([&] { command = [&] { run(list_shells(all.make_context(), shell.lab)); }; });

  auto* close = app.add_subcommand("close", "Close one of your shells")->group("Streams");
  close->add_option("LAB", shell.lab, "The lab")->required();
  close->add_option("SHELL", shell.attach, "Its id, or the beginning of it")->required();
  close->callback([&] { command = [&] { run(close_shell(all.make_context(), shell.lab, shell.attach)); }; });
}

void add_health(CLI::App& app, options& all, chosen& command, bool& alive) {
  auto* health = app.add_subcommand("health", "Say whether the service can work; needs no login")->group("Access");
  health->add_flag("--alive", alive, "Only whether it answers, whatever its runtime can do");
  health->footer("Exit code 1 when it cannot: for health checks of containers and load balancers.");
  health->callback([&] { command = [&] { run(show_health(all.make_context(), alive)); }; });
}

// What `stibium token` is told.
struct token_words {
  std::string data, user, ttl = "30m";
  std::vector<std::string> groups;
  bool admin = false;
};

void add_token(CLI::App& app, options& all, chosen& command, token_words& words) {
  auto* token = app.add_subcommand("token", "Make an access token, on the service's own machine")->group("Access");
  token->add_option("--data", words.data, "The service's data folder")->required()->type_name("DIR");
  token->add_option("--user", words.user, "Whose token; made on first use")->required()->type_name("NAME");
  token->add_option("--groups", words.groups, "Collections that the user reaches, with commas between")
      ->delimiter(',')
      ->type_name("NAMES");
  token->add_flag("--admin", words.admin, "An administrator sees and may do everything");
  token->add_option("--ttl", words.ttl, "How long it is good: 30m (default), 12h, ...")->type_name("TIME");
  token->footer("Example: export STIBIUM_TOKEN=$(stibium token --data build/data --user alice --groups campus)");
  token->callback([&] {
    command = [&] {
      const auto ttl = stibium::deploy::parse_duration(words.ttl, std::chrono::minutes{1});
      if (!ttl || *ttl < std::chrono::seconds{1}) throw failure{"--ttl takes a time such as 30m or 12h", wrong_usage};
      const auto text = stibium::deploy::mint_token(
          {words.data, words.user, words.groups, words.admin, std::chrono::duration_cast<std::chrono::seconds>(*ttl)});
      print(all.json ? object({{"token", json_text(text)}}) + "\n" : text + "\n");
    };
  });
}

// What is printed for wrong words, and where to look.
std::string usage_message(const CLI::App* app, const CLI::Error& error) {
  const auto chosen = app->get_subcommands();
  const auto strange = app->remaining();
  const bool unknown = chosen.empty() && !strange.empty() && !strange.front().starts_with('-');
  return "stibium: " + (unknown ? "there is no command \"" + strange.front() + "\"" : std::string{error.what()}) +
         "\nSee: stibium " + (chosen.empty() ? "" : chosen.front()->get_name() + " ") + "--help\n";
}

int report(const failure& error, bool json) {
  const auto* service = dynamic_cast<const refused*>(&error);
  if (json) {
    const auto code = std::to_string(service ? service->code : 0);
    print(object({{"code", code}, {"message", json_text(error.what())}}) + "\n");
  }
  tell(std::string{"stibium: "} + error.what() +
       (service && service->code >= 5000 ? " (code " + std::to_string(service->code) + ")" : ""));
  return error.exit;
}

} // namespace

int main(int argc, char** argv) {
  options all;
  log_options log;
  shell_options shell;
  token_words token;
  bool alive = false;
  std::string lab, node;
  chosen command;

  CLI::App app{about, "stibium"};
  app.footer(common); // of the commands, too
  app.require_subcommand(1);
  app.fallthrough();
  app.get_formatter()->label("TEXT", "");
  app.failure_message(usage_message);
  app.set_version_flag("--version", "stibium " STIBIUM_VERSION);
  app.add_option("--url", all.url, "The service (default: http://127.0.0.1:3000)")->type_name("URL");
  app.add_option("--token", all.given.token, "An access token; in STIBIUM_TOKEN it is hidden from other users")
      ->type_name("TOKEN");
  app.add_option("--username", all.given.username, "User of the native login (default: admin)")->type_name("NAME");
  app.add_option("--password", all.given.password, "Its password; in SB_NATIVE_PASSWORD it is hidden from other users")
      ->type_name("PASSWORD");
  app.add_flag("--json", all.json, "Print JSON, one value per line");
  app.add_option("--compat", all.compat, "The service's compat.nodeCommandIds: api (default) or reference")
      ->check(CLI::IsMember({"api", "reference"}))
      ->type_name("WORD");
  add_views(app, all, command, log);
  add_changes(app, all, command, lab, node);
  add_shells(app, all, command, shell);
  add_login(app, all, command);
  add_token(app, all, command, token);
  add_health(app, all, command, alive);
  app.footer(examples);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ended_well : wrong_usage;
  }
  try {
    command();
    return ended_well;
  } catch (const failure& error) {
    return report(error, all.json);
  } catch (const std::exception& error) {
    return report(failure{std::string{"unexpected: "} + error.what()}, all.json);
  }
}
