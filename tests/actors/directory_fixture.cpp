#include "tests/actors/directory_fixture.hpp"

namespace stibium::test {

directory_fixture::~directory_fixture() {
  it = nullptr;
  for (auto& record : made) *record = {};
  made.clear();
}

namespace {

/// Reserves a shell in its own name when it is asked for one, and ends itself on a node event.
lab_actor::behavior_type stand_in(lab_actor::pointer self, std::shared_ptr<made_lab> record) {
  return {[](const lab_command&) {},
          [=](const open_shell& wish) -> caf::result<shell_id> {
            auto promise = self->make_response_promise<shell_id>();
            self->request(record->setup.world.directory, caf::infinite, atom::reserve_v, wish.user)
                .then([=](const shell_id& id) mutable { promise.deliver(id); },
                      [=](caf::error& err) mutable { promise.deliver(std::move(err)); });
            return promise;
          },
          [=](const node_event&) { self->quit(); }, [=](const lab_file& file) { record->files.push_back(file); },
          [=](const lab_file_gone& file) { record->gone.push_back(file.id.value); }};
}

} // namespace

void directory_fixture::start(stored_state state) {
  // Not with `spawn` of the fixture: the directory ends its labs itself.
  const auto make = [this](lab_setup setup) {
    auto record = std::make_shared<made_lab>();
    record->setup = std::move(setup);
    made.push_back(record);
    record->lab = stibium::spawn(world.births, placement::pool(), {"lab", "", "", 0}, stand_in, record);
    return record->lab;
  };
  it = spawn(stibium::directory, directory_setup{world, std::move(state), make});
  run();
}

lab_file directory_fixture::file(std::string id, std::string name, std::string collection) {
  lab_file result;
  result.id = {std::move(id)};
  result.name = std::move(name);
  result.path = "/labs/" + result.name + ".clab.yml";
  result.collection = std::move(collection);
  result.creator_id = "id-alice";
  result.creator_name = "alice";
  result.topology = "name: " + result.name;
  return result;
}

void directory_fixture::tell(const std::string& id, lab_state_code state, const std::string& instance) {
  lab_view view;
  view.id = {id};
  view.name = "told";
  view.state = state;
  view.instance = instance;
  CHECK(command(it, view) == caf::none);
}

void directory_fixture::kill(const lab_actor& lab, caf::error reason) {
  caf::anon_send(caf::actor_cast<caf::actor>(lab), caf::exit_msg{lab.address(), std::move(reason)});
  run();
}

void directory_fixture::leave(const lab_actor& lab) {
  self->send(lab, node_event{});
  run();
}

void directory_fixture::reserve_by(const lab_actor& lab, const identity& who) {
  CHECK(ask<shell_id>(lab, open_shell{"n1", who}));
}

stream_actor directory_fixture::make_stream() {
  auto stream =
      spawn([](stream_actor::pointer) -> stream_actor::behavior_type { return {[](const subscription&) {}}; });
  stream->attach_functor([count = streams_ended] { ++*count; });
  return stream;
}

shell_actor directory_fixture::make_shell() {
  return spawn([](shell_actor::pointer) -> shell_actor::behavior_type {
    return {[](const subscription&) {},
            [](const leave_stream&) {},
            [](atom::congested, connection_id) {},
            [](atom::drained, connection_id) {},
            [](const terminal_output&) {},
            [](const terminal_ended&) {},
            [](const shell_input&) {},
            [](const shell_size&) {},
            [](const terminal_actor&) {},
            [](atom::close, const std::string&) {}};
  });
}

} // namespace stibium::test
