#include "protocol/antimony/uuid.hpp"

#include <doctest/doctest.h>

using namespace stibium::antimony;

TEST_CASE("uuid: version 5 as in RFC 9562 and elsewhere") {
  const auto* dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  CHECK(uuid_v5(dns, "www.example.com") == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  CHECK(uuid_v5("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "python.org") == "886313e1-3b8a-5372-9b90-0c9aee199e5d");
  CHECK(uuid_v5("nonsense", "x").empty());
}

TEST_CASE("uuid: version 4 has its version and variant, the rest is random") {
  CHECK(uuid_v4({}) == "00000000-0000-4000-8000-000000000000");
  std::array<uint8_t, 16> ones{};
  ones.fill(0xFF);
  CHECK(uuid_v4(ones) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
  CHECK(random_uuid() != random_uuid());
  CHECK(is_uuid(random_uuid()));
}

TEST_CASE("uuid: text is checked") {
  CHECK(is_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8"));
  for (const auto* bad : {"", "6ba7b810-9dad-11d1-80b4-00c04fd430c", "6ba7b810-9dad-11d1-80b4-00c04fd430c8a",
                          "6ba7b8109dad-11d1-80b4-00c04fd430c8-", "6ba7b810-9dad-11d1-80b4-00c04fd430cg"})
    CHECK_FALSE(is_uuid(bad));
}

TEST_CASE("uuid: things of the service have stable, different names") {
  CHECK(user_uuid("alice") == user_uuid("alice"));
  CHECK(user_uuid("alice") != user_uuid("bob"));
  CHECK(user_uuid("x") != collection_uuid("x"));
  CHECK(lab_uuid("net1/ping.clab.yml") != lab_uuid("ping.clab.yml"));
}
