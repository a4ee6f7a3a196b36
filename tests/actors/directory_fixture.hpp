#pragma once

#include "actors/directory.hpp"
#include "actors/lab.hpp"
#include "tests/actors/fixture.hpp"

namespace stibium::test {

/// What a stand-in for a lab heard.
struct made_lab {
  lab_setup setup;
  lab_actor lab;
  std::vector<lab_file> files;
  std::vector<std::string> gone;
};

/// A directory whose labs are stand-ins that write down what they hear; everybody's lab "a" is in collection "net1".
class directory_fixture : public actor_fixture {
public:
  ~directory_fixture();

  void start(stored_state state = {});
  lab_file file(std::string id, std::string name = "ping", std::string collection = "net1");
  void add(const lab_file& what) { CHECK(command(it, what) == caf::none); }
  /// The lab tells how it is.
  void tell(const std::string& id, lab_state_code state, const std::string& instance = "");
  void kill(const lab_actor& lab, caf::error reason = caf::exit_reason::kill);
  /// The lab ends itself.
  void leave(const lab_actor& lab);
  /// The lab reserves a shell for a user.
  void reserve_by(const lab_actor& lab, const identity& who);
  stream_actor make_stream();
  shell_actor make_shell();

  directory_actor it;
  std::vector<std::shared_ptr<made_lab>> made;
  std::shared_ptr<int> streams_ended = std::make_shared<int>(0); ///< of those that `make_stream` made

  const identity alice = user("alice", {"net1"});
  const identity bob = user("bob", {"net2"});
};

} // namespace stibium::test
