#include "actors/accounts.hpp"
#include "protocol/antimony/token.hpp"
#include "protocol/antimony/uuid.hpp"
#include "tests/actors/fixture.hpp"

using namespace stibium;
using namespace stibium::test;
using namespace std::chrono_literals;

namespace {

const std::string key(32, 'k');
const auto root_id = antimony::user_uuid("root");

struct accounts_fixture : actor_fixture {
  accounts_fixture() { start({}); }

  void start(std::vector<stored_user> users) {
    accounts_setup setup;
    setup.store = world.store;
    setup.signing_key = key;
    setup.native_username = "root";
    setup.native_password = "secret";
    setup.users = std::move(users);
    setup.now = [this] { return now() + shift; };
    tested = spawn(stibium::accounts, std::move(setup));
    run();
  }

  std::string minted(const std::string& name, std::vector<std::string> groups, bool admin = false) {
    const identity who{antimony::user_uuid(name), name, admin, std::move(groups)};
    return antimony::make_access_token(key, who, now() + shift, 30min, true);
  }
  caf::expected<identity> verify(const std::string& token) { return ask<identity>(tested, atom::verify_v, token); }
  caf::expected<login_tokens> login(const std::string& name, const std::string& password,
                                    const std::string& client = "10.0.0.1") {
    return ask<login_tokens>(tested, atom::login_v, login_attempt{name, password, client});
  }
  caf::expected<std::string> refresh(const std::string& token) {
    return ask<std::string>(tested, atom::refresh_v, token);
  }

  std::chrono::seconds shift{0};
  accounts_actor tested;
};

} // namespace

TEST_CASE_FIXTURE(accounts_fixture, "accounts: the native user logs in, is an admin, and is saved") {
  const auto tokens = login("root", "secret");
  REQUIRE(tokens);
  const auto who = verify(tokens->access);
  REQUIRE(who);
  CHECK(who->user_id == root_id);
  CHECK(who->name == "root");
  CHECK(who->is_admin);
  REQUIRE(store->users.size() == 1);
  CHECK(store->users[0].native);
  CHECK(store->users[0].who.user_id == root_id);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: wrong credentials are refused, all alike") {
  const std::pair<const char*, const char*> cases[] = {{"root", "Secret"}, {"root", ""},       {"root", "secrets"},
                                                       {"", "secret"},     {"roo", "secret"},  {"", ""},
                                                       {"ROOT", "secret"}, {"secret", "root"}, {"rootroot", "secret"}};
  int client = 0;
  for (const auto& [name, password] : cases) {
    CAPTURE(name);
    CAPTURE(password);
    const auto got = login(name, password, std::to_string(++client));
    REQUIRE_FALSE(got);
    CHECK(got.error() == ec::wrong_credentials);
    CHECK(message_of(got.error()) == "wrong user name or password");
  }
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: who has failed too often waits, even with the right password") {
  const auto limit = antimony::login_throttle::failures_per_client;
  for (unsigned i = 0; i < limit; ++i) CHECK(login("root", "wrong").error() == ec::wrong_credentials);
  const auto held = login("root", "secret");
  REQUIRE_FALSE(held);
  CHECK(held.error() == ec::too_many_attempts);
  CHECK(wait_of(held.error()) == 60s);
  CHECK(message_of(held.error()) == "too many failed logins; try again in 60 seconds");
  CHECK(login("root", "secret", "10.0.0.2"));
  CHECK(login("root", "secret").error() == ec::too_many_attempts);
  advance(60s);
  CHECK(login("root", "secret"));
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: without a configured password nobody logs in") {
  accounts_setup setup;
  setup.store = world.store;
  setup.signing_key = key;
  setup.native_username = "root";
  tested = spawn(stibium::accounts, std::move(setup));
  CHECK(login("root", "").error() == ec::wrong_credentials);
  setup = {};
  setup.store = world.store;
  setup.signing_key = key;
  tested = spawn(stibium::accounts, std::move(setup));
  CHECK(login("", "").error() == ec::wrong_credentials);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: tokens are refused by name") {
  CHECK(verify("").error() == ec::unauthorized);
  CHECK(verify("rubbish").error() == ec::invalid_token);
  CHECK(message_of(verify("rubbish").error()) == "the token is malformed");
  CHECK(verify(login("root", "secret")->auth).error() == ec::invalid_token);
  const identity stranger{"id", "", true, {}};
  const auto unknown = antimony::make_access_token(key, stranger, now());
  CHECK(message_of(verify(unknown).error()) == "the token's user is not known");
  const auto forged = antimony::make_access_token(std::string(32, 'x'), {root_id, "", true, {}}, now());
  CHECK(message_of(verify(forged).error()) == "the token has a wrong signature");
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: an access token lives for 30 minutes, an auth token for 30 days") {
  const auto tokens = *login("root", "secret");
  shift = 29min + 59s;
  CHECK(verify(tokens.access));
  shift = 30min;
  CHECK(verify(tokens.access).error() == ec::invalid_token);
  const auto renewed = refresh(tokens.auth);
  REQUIRE(renewed);
  CHECK(verify(*renewed)->user_id == root_id);
  CHECK(verify(*renewed)->is_admin);
  CHECK(refresh("").error() == ec::unauthorized);
  CHECK(refresh("x").error() == ec::invalid_token);
  CHECK(refresh(*renewed).error() == ec::invalid_token);
  CHECK(refresh(antimony::make_auth_token(key, "nobody", now())).error() == ec::invalid_token);
  shift = std::chrono::hours{24 * 30};
  CHECK(refresh(tokens.auth).error() == ec::invalid_token);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: a minted token makes its user on first use, once") {
  const auto token = minted("alice", {"net1", "net2"});
  const auto who = verify(token);
  REQUIRE(who);
  CHECK(who->user_id == antimony::user_uuid("alice"));
  CHECK(who->name == "alice");
  CHECK(who->groups == std::vector<std::string>{"net1", "net2"});
  CHECK_FALSE(who->is_admin);
  CHECK(verify(token));
  REQUIRE(store->users.size() == 2);
  CHECK(store->users[1].who.name == "alice");
  CHECK_FALSE(store->users[1].native);
  // From now on the user is known by other tokens too.
  const auto plain = antimony::make_access_token(key, *who, now());
  CHECK(verify(plain)->groups == who->groups);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: each minted token has its own groups, the latest are kept") {
  const auto first = minted("alice", {"net1"});
  CHECK(verify(first));
  shift = 5s;
  CHECK(verify(minted("alice", {"net2"}, true))->is_admin);
  CHECK(verify(first)->groups == std::vector<std::string>{"net1"});
  CHECK_FALSE(verify(first)->is_admin);
  const auto saved = store->users.back();
  CHECK(saved.who.groups == std::vector<std::string>{"net2"});
  const auto id = antimony::user_uuid("alice");
  CHECK(verify(antimony::make_access_token(key, {id, "", true, {}}, now()))->groups ==
        std::vector<std::string>{"net2"});
  CHECK_FALSE(verify(antimony::make_access_token(key, {id, "", false, {}}, now()))->is_admin);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: a token cannot claim more than the user has") {
  CHECK(verify(minted("bob", {})));
  const identity claimed{antimony::user_uuid("bob"), "", true, {}};
  CHECK_FALSE(verify(antimony::make_access_token(key, claimed, now()))->is_admin);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: a token minted under the native name does not change the native user") {
  CHECK_FALSE(verify(minted("root", {"net1"}))->is_admin);
  CHECK(verify(login("root", "secret")->access)->is_admin);
  CHECK(store->users.size() == 1);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: users of an earlier process are known, earlier native users are not") {
  const auto alice = antimony::user_uuid("alice"), old = antimony::user_uuid("oldroot");
  start({{{alice, "alice", false, {"net1"}}, false}, {{old, "oldroot", true, {}}, true}});
  CHECK(verify(antimony::make_access_token(key, {alice, "", false, {}}, now()))->groups.size() == 1);
  CHECK(verify(antimony::make_access_token(key, {old, "", true, {}}, now())).error() == ec::invalid_token);
  CHECK(refresh(antimony::make_auth_token(key, old, now())).error() == ec::invalid_token);
}

TEST_CASE_FIXTURE(accounts_fixture, "accounts: when the store fails new users are refused, known ones are not") {
  CHECK(verify(minted("alice", {"net1"})));
  store->broken = true;
  const auto refused = verify(minted("bob", {}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == ec::storage_failed);
  CHECK(verify(minted("alice", {"net1"})));
  CHECK(login("root", "secret"));
  store->broken = false;
  CHECK(verify(minted("bob", {})));
}
