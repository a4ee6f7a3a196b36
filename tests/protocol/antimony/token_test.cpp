#include "protocol/antimony/token.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <functional>
#include <jwt.h>

using namespace stibium::antimony;
using namespace std::chrono_literals;

namespace {

const std::string key(32, 'k');
const token_time now{1714552200s};

// A token of any kind, as an attacker might make one.
std::string forge(const std::string& grants, jwt_alg_t alg, const std::string& with) {
  jwt_t* token = nullptr;
  REQUIRE(jwt_new(&token) == 0);
  REQUIRE(jwt_add_grants_json(token, grants.c_str()) == 0);
  const auto* raw = alg == JWT_ALG_NONE ? nullptr : reinterpret_cast<const unsigned char*>(with.data());
  REQUIRE(jwt_set_alg(token, alg, raw, alg == JWT_ALG_NONE ? 0 : static_cast<int>(with.size())) == 0);
  char* text = jwt_encode_str(token);
  std::string out{text};
  std::free(text);
  jwt_free(token);
  return out;
}

std::string hs256(const std::string& grants) { return forge(grants, JWT_ALG_HS256, key); }

std::string outcome(const std::string& text, token_time at = now) {
  const auto got = verify_access_token(key, text, at);
  return got ? "accepted" : to_string(got.error());
}

} // namespace

TEST_CASE("token: an access token comes back as it was made") {
  const identity alice{"id-a", "alice", true, {"net1", "net\"2"}};
  const auto got = verify_access_token(key, make_access_token(key, alice, now), now);
  REQUIRE(got.has_value());
  CHECK(got->user_id == "id-a");
  CHECK(got->is_admin);
  CHECK_FALSE(got->minted);
  CHECK(got->groups.empty());
  CHECK(got->not_before == now);
  CHECK(got->expires == now + 30min);
}

TEST_CASE("token: a minted one carries name and groups") {
  const identity bob{"id-b", "bob", false, {"net1", "net\"2"}};
  const auto got = verify_access_token(key, make_access_token(key, bob, now, 10s, true), now + 9s);
  REQUIRE(got.has_value());
  CHECK(got->minted);
  CHECK_FALSE(got->is_admin);
  CHECK(got->name == "bob");
  CHECK(got->groups == bob.groups);
  CHECK(outcome(make_access_token(key, {"id", "x", false, {}}, now, 10s, true)) == "accepted");
}

TEST_CASE("token: times are exact") {
  const auto text = make_access_token(key, {"id", "", false, {}}, now, 60s);
  CHECK(outcome(text, now - 1s) == "the token is not valid yet");
  CHECK(outcome(text, now) == "accepted");
  CHECK(outcome(text, now + 59s) == "accepted");
  CHECK(outcome(text, now + 60s) == "the token has expired");
}

TEST_CASE("token: a key that is too short signs nothing") {
  CHECK(make_access_token("short", {"id", "", false, {}}, now).empty());
  CHECK(make_auth_token("", "id", now).empty());
  const auto got = verify_access_token("", make_access_token(key, {"id", "", false, {}}, now), now);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error() == token_error::wrong_signature);
}

TEST_CASE("token: auth tokens renew for 30 days and are nothing else") {
  const auto text = make_auth_token(key, "id-a", now);
  CHECK(*verify_auth_token(key, text, now + 29 * 24h) == "id-a");
  CHECK(verify_auth_token(key, text, now + 30 * 24h).error() == token_error::expired);
  CHECK(verify_access_token(key, text, now).error() == token_error::wrong_kind);
  CHECK(verify_auth_token(key, make_access_token(key, {"id", "", false, {}}, now), now).error() ==
        token_error::wrong_kind);
}

TEST_CASE("token: whatever is wrong is refused by name") {
  const std::string good = make_access_token(key, {"id-a", "", true, {}}, now);
  const auto dot1 = good.find('.'), dot2 = good.rfind('.');
  const std::string times = R"("nbf":1714552200,"exp":1714554000)";
  const std::string full = R"({"id":"a","isAdmin":true,)" + times + "}";
  auto changed = good;
  changed[dot1 + 5] = changed[dot1 + 5] == 'A' ? 'B' : 'A';
  const struct {
    std::string text, says;
  } cases[] = {
      {"", "malformed"},
      {"x", "malformed"},
      {".", "malformed"},
      {"..", "malformed"},
      {"a.b.c", "malformed"},
      {std::string(9000, 'a'), "malformed"},
      {good + std::string("\0x", 2), "malformed"},
      {good.substr(dot1), "malformed"},
      {good.substr(0, dot1), "malformed"},
      {"eyJhbGciOiJIUzI1NiJ9.bm90anNvbg.c2ln", "malformed"},
      {good.substr(0, dot2), "malformed"},
      {good.substr(0, dot2 + 1), "signature"},
      {good.substr(0, good.size() - 3), "signature"},
      {good + "A", "signature"},
      {forge(full, JWT_ALG_HS256, std::string(32, 'x')), "signature"},
      {forge(full, JWT_ALG_NONE, ""), "not signed with HS256"},
      {forge(full, JWT_ALG_HS384, key), "not signed with HS256"},
      {forge(full, JWT_ALG_HS512, key), "not signed with HS256"},
      {hs256(R"({"isAdmin":true,)" + times + "}"), "malformed"},
      {hs256(R"({"id":"","isAdmin":true,)" + times + "}"), "malformed"},
      {hs256(R"({"id":7,"isAdmin":true,)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":"yes",)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":1,)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a",)" + times + "}"), "wrong kind"},
      {hs256(R"({"id":"a","isAdmin":true})"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"nbf":0})"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"exp":1714554000})"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"nbf":0,"exp":"never"})"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"nbf":0,"exp":9223372036854775807})"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"nbf":-5,"exp":1714554000})"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"nbf":0,"exp":1714552200})"), "expired"},
      {hs256(R"({"id":"a","isAdmin":true,"nbf":1714552201,"exp":1714554000})"), "not valid yet"},
      {hs256(R"({"id":"a","isAdmin":true,"name":"","groups":[],)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"name":5,"groups":[],)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"name":"x",)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"name":"x","groups":"net1",)" + times + "}"), "malformed"},
      {hs256(R"({"id":"a","isAdmin":true,"name":"x","groups":[1],)" + times + "}"), "malformed"},
  };
  CHECK(outcome(hs256(full)) == "accepted");
  for (const auto& [text, says] : cases) {
    CAPTURE(text);
    CAPTURE(says);
    const auto got = outcome(text);
    CHECK_MESSAGE(got.find(says) != std::string::npos, got);
  }
  CHECK(outcome(changed) != "accepted");
}

TEST_CASE("token: passwords are compared whole, and an empty one is never right") {
  CHECK(same_secret("secret", "secret"));
  for (const auto* bad : {"", "secre", "secrets", "secretsecret", "Secret", "secreT"})
    CHECK_FALSE(same_secret(bad, "secret"));
  CHECK_FALSE(same_secret("", ""));
  CHECK_FALSE(same_secret("x", ""));
}
