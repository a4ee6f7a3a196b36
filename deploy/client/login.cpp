#include "deploy/client/login.hpp"

#include "deploy/client/failure.hpp"
#include "deploy/client/json.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

namespace stibium::client {

namespace {

// URL → the token that renews access there.
using logins = std::map<std::string, std::string>;

logins load() {
  std::ifstream file{login_file()};
  std::ostringstream read;
  read << file.rdbuf();
  const auto text = read.str();
  logins result;
  if (!file || text.empty()) return result;
  rapidjson::Document all;
  all.Parse(text.data(), text.size());
  if (!all.IsObject()) throw failure{login_file() + " is damaged; remove it and log in again with: stibium login"};
  for (const auto& each : all.GetObject())
    if (each.value.IsString()) result[each.name.GetString()] = each.value.GetString();
  return result;
}

void save(const logins& all) {
  const auto path = login_file();
  const auto failed = [&](const std::string& what) { return failure{what + " " + path + ": " + std::strerror(errno)}; };
  std::vector<std::pair<std::string_view, std::string>> members;
  for (const auto& [url, token] : all) members.emplace_back(url, json_text(token));
  const auto text = object(members) + "\n";
  std::error_code error;
  const auto folder = std::filesystem::path{path}.parent_path();
  std::filesystem::create_directories(folder.parent_path(), error);
  if (std::filesystem::create_directory(folder, error))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  // Written beside and moved over, so that the file is whole at any moment.
  const auto fresh = path + ".new";
  unlink(fresh.c_str());
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) throw failed("cannot write");
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (close(file) != 0 || !written) throw failed("cannot write");
  if (rename(fresh.c_str(), path.c_str()) != 0) throw failed("cannot write");
}

std::string message_in(const http_answer& answer) {
  try {
    return text_of(parse_json(answer.body), "message");
  } catch (const failure&) {
    return {};
  }
}

// The service is there, but ends, begins or has failed.
unreachable not_now(const service_url& where, const http_answer& answer) {
  return unreachable{where.text + " gives no token (HTTP " + std::to_string(answer.status) +
                     "): " + message_in(answer)};
}

struct tokens {
  std::string access, renewal;
};

task<tokens> log_in(const service_url& where, const std::string& username, const std::string& password) {
  http_question question{"POST", "/users/login/native", {}, {}};
  question.body = object({{"username", json_text(username)}, {"password", json_text(password)}});
  const auto answer = co_await ask(where, std::move(question));
  tokens result{answer.cookie("accessToken"), answer.cookie("authToken")};
  if (answer.status == 400 || answer.status == 401)
    throw refused{answer.status, "user name or password is wrong; they are what SB_NATIVE_USERNAME and "
                                 "SB_NATIVE_PASSWORD of the service say, or what it "
                                 "prints when it starts without them"};
  if (answer.status >= 500) throw not_now(where, answer);
  if (answer.status == 429) throw refused{answer.status, message_in(answer)};
  if (answer.status != 200 || result.access.empty())
    throw refused{answer.status, "login failed (HTTP " + std::to_string(answer.status) + "): " + message_in(answer)};
  co_return result;
}

} // namespace

std::string login_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = config && *config ? config : std::string{home ? home : ""} + "/.config";
  return base + "/stibium/logins.json";
}

task<std::string> access_token(const service_url& where, const credentials& who) {
  if (!who.token.empty()) co_return who.token;
  if (!who.username.empty() && !who.password.empty())
    co_return (co_await log_in(where, who.username, who.password)).access;
  const auto kept = load();
  const auto found = kept.find(where.text);
  if (found == kept.end())
    throw failure{"not logged in at " + where.text +
                  "\nLog in with: stibium login --username NAME\nor set STIBIUM_TOKEN, or SB_NATIVE_USERNAME and "
                  "SB_NATIVE_PASSWORD."};
  http_question question{"GET", "/users/login/refresh", {{"Cookie", "authToken=" + found->second}}, {}};
  const auto answer = co_await ask(where, std::move(question));
  if (answer.status >= 500) throw not_now(where, answer);
  if (answer.status != 200)
    throw refused{answer.status,
                  "the login kept for " + where.text + " is no longer good; log in again with: stibium login"};
  co_return text_of(parse_json(answer.body), "payload");
}

task<> keep_login(const service_url& where, const std::string& username, const std::string& password) {
  const auto fresh = co_await log_in(where, username, password);
  if (fresh.renewal.empty()) throw failure{"the service gives no login that can be kept"};
  auto all = load();
  all[where.text] = fresh.renewal;
  save(all);
}

bool forget_login(const service_url& where) {
  auto all = load();
  if (all.erase(where.text) == 0) return false;
  save(all);
  return true;
}

} // namespace stibium::client
