#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stibium::antimony {

/// Holds the guessing of passwords back. Counts failed logins per client and per user name; whoever reaches a limit
/// waits, whatever the password of the next attempt. Bounded in memory. Time is a parameter.
///
/// The limit of a name is the higher one: it is for those who guess from many addresses, and it also keeps the name's
/// owner out.
class login_throttle {
public:
  using time = std::chrono::steady_clock::time_point;

  static constexpr unsigned failures_per_client = 5;
  static constexpr unsigned failures_per_name = 20;
  /// Failures are forgotten this long after the first one; whoever has reached the limit waits this long.
  static constexpr std::chrono::seconds window{60};
  /// Clients, and names, that are kept in mind; beyond it those with the fewest failures go first.
  static constexpr size_t max_entries = 4096;
  /// Names are told apart by this many bytes.
  static constexpr size_t max_key_bytes = 64;

  /// How long this attempt has to wait, rounded up; 0 when it may be made now.
  std::chrono::seconds wait(std::string_view client, std::string_view name, time now) const;

  /// An attempt has failed.
  void failed(std::string_view client, std::string_view name, time now);

  /// An attempt has succeeded: the failures of both are forgotten.
  void succeeded(std::string_view client, std::string_view name);

  /// How many clients and names are kept in mind.
  size_t size() const { return clients_.entries.size() + names_.entries.size(); }

private:
  struct entry {
    unsigned failures = 0;
    time until; ///< it is forgotten then
  };
  struct table {
    time blocked_until(std::string_view key, time now) const;
    void count(std::string_view key, time now);
    void make_room(time now);

    unsigned limit;
    std::unordered_map<std::string, entry> entries;
  };

  table clients_{failures_per_client, {}}, names_{failures_per_name, {}};
};

} // namespace stibium::antimony
