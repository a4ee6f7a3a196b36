#include "protocol/antimony/connect_auth.hpp"

#include <doctest/doctest.h>

using namespace stibium::antimony;

TEST_CASE("connect auth: a token, and nothing to resume") {
  const auto auth = parse_connect_auth(R"({"token":"abc"})");
  CHECK(auth.token == "abc");
  CHECK_FALSE(auth.malformed);
  CHECK(auth.pid.empty());
  CHECK_FALSE(auth.resume_after);
}

TEST_CASE("connect auth: what counts as no token") {
  for (const auto* json :
       {"", "{}", R"({"token":null})", R"({"token":""})", "[]", "null", "5", R"("abc")", "{", "\xff"}) {
    CAPTURE(json);
    const auto auth = parse_connect_auth(json);
    CHECK_FALSE(auth.token);
    CHECK_FALSE(auth.malformed);
  }
}

TEST_CASE("connect auth: a token that cannot be one is malformed, not absent") {
  const auto long_token = R"({"token":")" + std::string(max_token_bytes + 1, 'x') + R"("})";
  for (const auto& json : {std::string{R"({"token":5})"}, std::string{R"({"token":{}})"},
                           std::string{R"({"token":["abc"]})"}, long_token}) {
    const auto auth = parse_connect_auth(json);
    CHECK_FALSE(auth.token);
    CHECK(auth.malformed);
  }
}

TEST_CASE("connect auth: pid and offset count only together") {
  const auto both = parse_connect_auth(R"({"token":"t","pid":"p1","offset":"17"})");
  CHECK(both.pid == "p1");
  CHECK(both.resume_after == 17u);
  for (const auto* json :
       {R"({"token":"t","pid":"p1"})", R"({"token":"t","offset":"17"})", R"({"token":"t","pid":"p1","offset":17})",
        R"({"token":"t","pid":"p1","offset":"-1"})", R"({"token":"t","pid":"p1","offset":"1x"})",
        R"({"token":"t","pid":7,"offset":"1"})", R"({"token":"t","pid":"","offset":"1"})",
        R"({"token":"t","pid":"p1","offset":"18446744073709551616"})"}) {
    CAPTURE(json);
    const auto auth = parse_connect_auth(json);
    CHECK(auth.token == "t");
    CHECK(auth.pid.empty());
    CHECK_FALSE(auth.resume_after);
  }
}
