#include "protocol/antimony/login_throttle.hpp"

#include <algorithm>

namespace stibium::antimony {

namespace {

std::string key_of(std::string_view text) { return std::string{text.substr(0, login_throttle::max_key_bytes)}; }

} // namespace

std::chrono::seconds login_throttle::wait(std::string_view client, std::string_view name, time now) const {
  const auto until = std::max(clients_.blocked_until(client, now), names_.blocked_until(name, now));
  return std::chrono::ceil<std::chrono::seconds>(until - now);
}

void login_throttle::failed(std::string_view client, std::string_view name, time now) {
  clients_.count(client, now);
  names_.count(name, now);
}

void login_throttle::succeeded(std::string_view client, std::string_view name) {
  clients_.entries.erase(key_of(client));
  names_.entries.erase(key_of(name));
}

login_throttle::time login_throttle::table::blocked_until(std::string_view key, time now) const {
  const auto found = entries.find(key_of(key));
  const bool blocked = found != entries.end() && found->second.failures >= limit;
  return blocked ? std::max(found->second.until, now) : now;
}

void login_throttle::table::count(std::string_view key, time now) {
  auto found = entries.find(key_of(key));
  if (found != entries.end() && found->second.until <= now) {
    entries.erase(found);
    found = entries.end();
  }
  if (found == entries.end()) {
    if (entries.size() >= max_entries) make_room(now);
    found = entries.emplace(key_of(key), entry{0, now + window}).first;
  }
  if (++found->second.failures >= limit) found->second.until = now + window;
}

void login_throttle::table::make_room(time now) {
  if (std::erase_if(entries, [&](const auto& each) { return each.second.until <= now; }) > 0) return;
  entries.erase(std::min_element(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair{a.second.failures, a.second.until} < std::pair{b.second.failures, b.second.until};
  }));
}

} // namespace stibium::antimony
