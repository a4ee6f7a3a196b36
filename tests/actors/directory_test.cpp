#include "tests/actors/directory_fixture.hpp"

using namespace stibium;
using namespace stibium::test;

TEST_CASE_FIXTURE(directory_fixture,
                  "directory: streams are found under each of their names by those who see the lab") {
  start();
  add(file("a"));
  const auto find = [&](const char* nsp, const identity& who) {
    return ask<stream_ref>(it, atom::find_v, std::string{nsp}, who);
  };
  CHECK(find("/logs/a", alice).error() == ec::namespace_not_found);
  const auto log = make_stream();
  const auto node_log = make_stream();
  CHECK(command(it, announce_stream{{"/logs/a"}, {"a"}, log}) == caf::none);
  CHECK(command(it, announce_stream{{"/logs/a/n1", "/logs/a/0123456789ab"}, {"a"}, node_log}) == caf::none);
  CHECK(find("/logs/a", alice)->stream == log);
  CHECK_FALSE(find("/logs/a", alice)->shell);
  CHECK(find("/logs/a/n1", alice)->stream == node_log);
  CHECK(find("/logs/a/0123456789ab", admin())->stream == node_log);
  CHECK(find("/logs/a", bob).error() == ec::no_access);
  CHECK(find("/logs/a/n2", bob).error() == ec::namespace_not_found); // being there comes first
  CHECK(command(it, withdraw_stream{{"/logs/a/n1", "/logs/never"}}) == caf::none);
  CHECK(find("/logs/a/n1", alice).error() == ec::namespace_not_found);
  CHECK(find("/logs/a/0123456789ab", alice)->stream == node_log);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a stream that ends is no longer found") {
  start();
  add(file("a"));
  const auto log = make_stream();
  for (int i = 0; i < 2; ++i) CHECK(command(it, announce_stream{{"/logs/a", "/logs/a/x"}, {"a"}, log}) == caf::none);
  caf::anon_send_exit(log, caf::exit_reason::kill);
  run();
  for (const auto* nsp : {"/logs/a", "/logs/a/x"})
    CHECK(ask<stream_ref>(it, atom::find_v, std::string{nsp}, alice).error() == ec::namespace_not_found);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a stream that is replaced ends") {
  start();
  add(file("a"));
  const auto old = make_stream();
  const auto fresh = make_stream();
  CHECK(command(it, announce_stream{{"/logs/a", "/logs/a/x"}, {"a"}, old}) == caf::none);
  CHECK(command(it, announce_stream{{"/logs/a"}, {"a"}, fresh}) == caf::none);
  CHECK(*streams_ended == 0); // it has a name left
  CHECK(command(it, announce_stream{{"/logs/a/x"}, {"a"}, fresh}) == caf::none);
  CHECK(*streams_ended == 1);
  CHECK(ask<stream_ref>(it, atom::find_v, std::string{"/logs/a/x"}, alice)->stream == fresh);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: shells are their owner's; admins see them") {
  start();
  add(file("a"));
  const auto id = ask<shell_id>(it, atom::reserve_v, alice);
  REQUIRE(id);
  CHECK(id->value.size() == 36);
  const auto nsp = "/shells/" + id->value;
  CHECK(ask<stream_ref>(it, atom::find_v, nsp, alice).error() == ec::namespace_not_found); // not attached yet
  CHECK(ask<shell_actor>(it, atom::find_v, lab_id{"a"}, *id, alice).error() == ec::shell_not_found);
  CHECK(ask<std::vector<shell_info>>(it, atom::list_v, lab_id{"a"}, std::make_shared<const identity>(alice))->empty());
  const auto shell = make_shell();
  CHECK(command(it, shell_opened{{*id, {"a"}, "n1", "id-alice"}, shell}) == caf::none);
  CHECK(ask<stream_ref>(it, atom::find_v, nsp, alice)->shell == shell);
  CHECK(ask<stream_ref>(it, atom::find_v, nsp, admin())->stream == shell);
  CHECK_FALSE(ask<stream_ref>(it, atom::find_v, nsp, admin())->shell); // to watch, not to type
  const auto colleague = user("carol", {"net1"});
  CHECK(ask<stream_ref>(it, atom::find_v, nsp, colleague).error() == ec::no_access);
  CHECK(ask<shell_actor>(it, atom::find_v, lab_id{"a"}, *id, alice) == shell);
  CHECK(ask<shell_actor>(it, atom::find_v, lab_id{"a"}, *id, admin()) == shell);
  CHECK(ask<shell_actor>(it, atom::find_v, lab_id{"a"}, *id, colleague).error() == ec::no_access);
  CHECK(ask<shell_actor>(it, atom::find_v, lab_id{"b"}, *id, alice).error() == ec::shell_not_found);
  CHECK(command(it, atom::release_v, *id) == caf::none);
  CHECK(ask<stream_ref>(it, atom::find_v, nsp, alice).error() == ec::namespace_not_found);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: shells are listed in the order in which they were opened") {
  start();
  add(file("a")), add(file("b"));
  std::vector<shell_id> ids;
  for (const auto* node : {"n1", "n2", "n3"}) {
    ids.push_back(*ask<shell_id>(it, atom::reserve_v, alice));
    CHECK(command(it, shell_opened{{ids.back(), {"a"}, node, "id-alice"}, make_shell()}) == caf::none);
  }
  const auto list =
      ask<std::vector<shell_info>>(it, atom::list_v, lab_id{"a"}, std::make_shared<const identity>(alice));
  REQUIRE(list);
  REQUIRE(list->size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK((*list)[i].id == ids[i]);
  CHECK(ask<std::vector<shell_info>>(it, atom::list_v, lab_id{"b"}, std::make_shared<const identity>(alice))->empty());
  CHECK(ask<std::vector<shell_info>>(it, atom::list_v, lab_id{"a"}, std::make_shared<const identity>(admin()))
            ->empty()); // not hers
  CHECK(ask<std::vector<shell_info>>(it, atom::list_v, lab_id{"a"}, std::make_shared<const identity>(bob)).error() ==
        ec::no_access);
  CHECK(
      ask<std::vector<shell_info>>(it, atom::list_v, lab_id{"none"}, std::make_shared<const identity>(alice)).error() ==
      ec::lab_not_found);
}

TEST_CASE_FIXTURE(directory_fixture, "directory: a user holds a limited number of shells") {
  world.bounds.shells_per_user = 2;
  start();
  const auto first = ask<shell_id>(it, atom::reserve_v, alice);
  const auto second = ask<shell_id>(it, atom::reserve_v, alice);
  CHECK(ask<shell_id>(it, atom::reserve_v, alice).error() == ec::shell_limit);
  CHECK(ask<shell_id>(it, atom::reserve_v, bob));
  CHECK(command(it, atom::release_v, *first) == caf::none);
  CHECK(ask<shell_id>(it, atom::reserve_v, alice));
  const auto shell = make_shell();
  CHECK(command(it, shell_opened{{*second, {"a"}, "n1", "id-alice"}, shell}) == caf::none);
  CHECK(ask<shell_id>(it, atom::reserve_v, alice).error() == ec::shell_limit);
  caf::anon_send_exit(shell, caf::exit_reason::kill); // one that dies makes room
  run();
  CHECK(ask<shell_id>(it, atom::reserve_v, alice));
}

TEST_CASE_FIXTURE(directory_fixture, "directory: reservations of a lab that dies are given back") {
  world.bounds.shells_per_user = 1;
  start();
  add(file("a"));
  reserve_by(made[0]->lab, alice);
  CHECK(ask<shell_id>(it, atom::reserve_v, alice).error() == ec::shell_limit);
  kill(made.back()->lab);
  CHECK(ask<shell_id>(it, atom::reserve_v, alice));
}

// -- connection state recovery ----------------------------------------------------------------------------------------

namespace {

socket_presence here(std::string pid) { return {std::move(pid), "sid", "/lab-updates", "id-alice", false, false}; }
socket_presence lost(std::string pid) { return {std::move(pid), "", "", "", true, false}; }
socket_presence left(std::string pid) { return {std::move(pid), "", "", "", false, true}; }

struct presence_fixture : directory_fixture {
  presence_fixture() { start(); }
  void note(const socket_presence& what) { CHECK(command(it, what) == caf::none); }
  bool reclaim(const std::string& pid, const std::string& nsp = "/lab-updates", const std::string& who = "id-alice") {
    const auto sid = ask<std::string>(it, atom::reclaim_v, pid, nsp, who);
    if (sid) return *sid == "sid";
    CHECK(sid.error() == ec::namespace_not_found);
    return false;
  }
};

} // namespace

TEST_CASE_FIXTURE(presence_fixture, "directory: a lost socket is taken over by its user, on its namespace, in time") {
  note(here("p"));
  note(lost("p"));
  CHECK_FALSE(reclaim("q"));
  CHECK_FALSE(reclaim("p", "/status-messages"));
  CHECK_FALSE(reclaim("p", "/lab-updates", "id-bob"));
  advance(std::chrono::seconds{120});
  CHECK(reclaim("p"));
  note(lost("p"));
  advance(std::chrono::seconds{121});
  CHECK_FALSE(reclaim("p"));
}

TEST_CASE_FIXTURE(presence_fixture, "directory: a socket that is taken over before it was lost outlives the loss") {
  note(here("p"));
  CHECK(reclaim("p"));
  note(lost("p")); // the old connection times out at last
  advance(std::chrono::seconds{300});
  note(here("other")); // makes it look for what has expired
  CHECK(reclaim("p"));
}

TEST_CASE_FIXTURE(presence_fixture, "directory: a socket that left on purpose is forgotten") {
  note(here("p"));
  note(left("p"));
  CHECK_FALSE(reclaim("p"));
  note(lost("p"));
  CHECK_FALSE(reclaim("p"));
}

TEST_CASE_FIXTURE(presence_fixture, "directory: sockets to resume are bounded; those lost first go first") {
  note(here("held"));
  for (const auto* pid : {"first", "second"}) note(here(pid)), note(lost(pid));
  for (size_t i = 3; i < directory_state::max_presences; ++i) self->send(it, here("p" + std::to_string(i)));
  run();
  note(here("one more"));
  CHECK_FALSE(reclaim("first"));
  CHECK(reclaim("second"));
  note(here("cannot be resumed")); // everybody else is held
  CHECK_FALSE(reclaim("cannot be resumed"));
  CHECK(reclaim("held"));
}
