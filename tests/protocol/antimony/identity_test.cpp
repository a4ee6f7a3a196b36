#include "protocol/antimony/identity.hpp"

#include <doctest/doctest.h>

using namespace stibium::antimony;

TEST_CASE("identity: who sees a lab, and who commands it") {
  struct row {
    const char* what;
    bool admin, member, creator, public_deploy, sees, commands;
  };
  static constexpr row rows[] = {
      {"a stranger", false, false, false, false, false, false},
      {"a stranger, public collection", false, false, false, true, false, false},
      {"a member of the group", false, true, false, false, true, false},
      {"a member, public collection", false, true, false, true, true, false},
      {"the creator, in the group", false, true, true, false, true, true},
      {"the creator, no longer in the group", false, false, true, false, false, false},
      {"an admin", true, false, false, false, true, true},
  };
  for (const auto& r : rows) {
    CAPTURE(r.what);
    identity who{r.creator ? "u-1" : "u-2", "someone", r.admin, {}};
    if (r.member) who.groups = {"other", "net1"};
    const lab_access lab{"net1", "u-1", r.public_deploy};
    CHECK(may_see(who, lab) == r.sees);
    CHECK(may_command(who, lab) == r.commands);
  }
}
