#pragma once

#include "tests/actors/fixture.hpp"

namespace stibium::test {

/// The texts of entries, one after the other, as they are on the wire.
inline std::string texts(const stream_entries& entries) {
  std::string all;
  for (const auto& entry : entries) all += entry.json;
  return all;
}

/// What a client that follows one stream has seen.
struct follower {
  bool joined = false;
  uint64_t last_seq = 0;
  std::string seen;
};

/// Lets followers, by connection, see what their gateway was told since the last call, and forgets that.
inline void replay(gateway_record& heard, std::map<uint64_t, follower>& followers) {
  size_t join = 0, data = 0;
  for (const auto& kind : heard.order) {
    if (kind == "join") {
      const auto& told = heard.joined[join++];
      const auto found = followers.find(told.connection.value);
      if (found == followers.end()) continue;
      auto& who = found->second;
      if (!told.resumed) who.seen.clear();
      who.joined = true;
      who.seen += texts(told.snapshot->entries);
      who.last_seq = told.snapshot->last_seq;
    } else if (kind == "data") {
      const auto& told = heard.data[data++];
      for (auto& [connection, who] : followers) {
        if (!who.joined) continue;
        who.seen += texts(*told.entries);
        who.last_seq = told.entries->back().seq;
      }
    }
  }
  heard = {};
}

} // namespace stibium::test
