#include "actors/directory.hpp"

#include "actors/lab.hpp"

namespace stibium {

directory_state::~directory_state() {
  for (auto& [id, entry] : labs_) {
    if (entry.lab) caf::anon_send_exit(entry.lab, caf::exit_reason::user_shutdown);
  }
}

void directory_state::begin(directory_setup setup) {
  world_ = std::move(setup.world);
  make_lab_ = std::move(setup.make_lab);
  adopt(setup.state);
}

void directory_state::down(const caf::down_msg& msg) {
  stream_down(msg.source);
  lab_down(msg);
}

directory_actor::behavior_type directory(directory_actor::stateful_pointer<directory_state> self,
                                         directory_setup setup) {
  auto& state = self->state;
  state.begin(std::move(setup));
  self->set_down_handler([&state](caf::down_msg& msg) { state.down(msg); });
  return {
      [&state](atom::find, const std::string& nsp, const identity& who) { return state.find(nsp, who); },
      [&state](atom::lookup, const lab_id& lab, const identity& who) { return state.lookup(lab, who); },
      [&state](atom::list, const lab_id& lab, const user_ref& who) { return state.list(lab, *who); },
      [&state](atom::find, const lab_id& lab, const shell_id& shell, const identity& who) {
        return state.find(lab, shell, who);
      },
      [&state](atom::reserve, const identity& who) { return state.reserve(who); },
      [&state](const shell_opened& what) { state.opened(what); },
      [&state](atom::release, const shell_id& shell) { state.release(shell); },
      [&state](const announce_stream& what) { state.announce(what); },
      [&state](const withdraw_stream& what) { state.withdraw(what); },
      [&state](const lab_view& view) { state.update(view); },
      [&state](atom::describe, const identity& who) { return state.describe(who); },
      [&state](atom::describe, const lab_id& lab, const identity& who) { return state.describe(lab, who); },
      [&state](const lab_file& file) { state.add(file); },
      [&state](const lab_file_gone& file) { state.remove(file); },
      [&state](const socket_presence& socket) { state.note(socket); },
      [&state](atom::reclaim, const std::string& pid, const std::string& nsp, const std::string& user_id) {
        return state.reclaim(pid, nsp, user_id);
      },
  };
}

} // namespace stibium
