#include "actors/orphans.hpp"

#include <caf/all.hpp>

#include <algorithm>

namespace stibium {

namespace {

identity everyone() { return {"orphans", "the service", true, {}}; }

std::vector<std::string> names_of(const std::vector<instance_status>& instances) {
  std::vector<std::string> names;
  for (const auto& each : instances) names.push_back(each.name);
  std::ranges::sort(names);
  return names;
}

// Of no collection, so that only admins get it.
status_message to_admins(severity level, std::string text) {
  return {"runtime", std::move(text), "", level, antimony::lab_access{}, ""};
}

} // namespace

void orphans_state::begin(orphans_setup setup) {
  world_ = std::move(setup.world);
  self->delayed_send(self, first_look, atom::tick_v);
}

void orphans_state::look() {
  self->delayed_send(self, look_again, atom::tick_v);
  find([this](const caf::expected<instances>& found) {
    if (found) report(*found); // a runtime that cannot be asked is not ready, which is told elsewhere
  });
}

// -- finding them -----------------------------------------------------------------------------------------------------

void orphans_state::find(answer then) {
  self->request(world_.runtime, look_deadline, atom::inspect_v)
      .then([this, then](const instances& there) { without_known(there, then); },
            [then](caf::error& err) { then(std::move(err)); });
}

void orphans_state::without_known(const instances& there, answer then) {
  if (there.empty()) return then(instances{});
  self->request(world_.directory, look_deadline, atom::describe_v, everyone())
      .then(
          [this, there, then](const std::vector<lab_view>& labs) {
            std::set<std::string> known;
            for (const auto& lab : labs) known.insert(lab.instance);
            auto orphans = there;
            std::erase_if(orphans, [&](const auto& each) { return known.contains(each.name); });
            if (orphans.empty()) return then(instances{});
            still_there(std::move(orphans), then);
          },
          [then](caf::error& err) { then(std::move(err)); });
}

void orphans_state::still_there(instances orphans, answer then) {
  self->request(world_.runtime, look_deadline, atom::inspect_v)
      .then(
          [orphans = std::move(orphans), then](const instances& there) mutable {
            const auto names = names_of(there);
            std::erase_if(orphans, [&](const auto& each) { return !std::ranges::binary_search(names, each.name); });
            then(std::move(orphans));
          },
          [then](caf::error& err) { then(std::move(err)); });
}

// -- telling and removing ---------------------------------------------------------------------------------------------

void orphans_state::report(const instances& found) {
  const auto names = names_of(found);
  std::erase_if(told_, [&](const auto& name) { return !std::ranges::binary_search(names, name); });
  for (const auto& name : names) {
    if (!told_.insert(name).second) continue;
    caf::anon_send(
        world_.bulletin,
        to_admins(severity::warning, "Instance " + name +
                                         " runs, but belongs to no lab that is known. `stibium orphans --remove " +
                                         name + "` destroys it"));
  }
}

caf::result<std::vector<instance_status>> orphans_state::list(const identity& who) {
  if (!who.is_admin) return failure(ec::no_access, "only admins may see orphans");
  auto promise = self->make_response_promise();
  find([promise](const caf::expected<instances>& found) mutable {
    if (found)
      promise.deliver(*found);
    else
      promise.deliver(found.error());
  });
  return caf::delegated<instances>{};
}

caf::result<void> orphans_state::destroy(const identity& who, const std::string& instance) {
  if (!who.is_admin) return failure(ec::no_access, "only admins may remove orphans");
  auto promise = self->make_response_promise();
  find([this, promise, instance](const caf::expected<instances>& found) mutable {
    if (!found) return promise.deliver(found.error());
    const auto which = std::ranges::find(*found, instance, &instance_status::name);
    if (which == found->end())
      return promise.deliver(failure(ec::lab_not_running, "there is no orphan called " + instance));
    remove(*which, promise);
  });
  return caf::delegated<void>{};
}

void orphans_state::remove(const instance_status& which, caf::response_promise promise) {
  runtime_command order;
  order.verb = lab_verb::destroy;
  order.instance.name = which.name;
  order.instance.folder = which.folder;
  // No timeout: the supervisor has a deadline for each command.
  self->request(world_.supervisor, caf::infinite, std::move(order))
      .then(
          [this, promise, name = which.name](const instance_status&) mutable {
            told_.erase(name);
            caf::anon_send(world_.bulletin,
                           to_admins(severity::info, "Instance " + name + ", which belonged to no lab, is removed"));
            promise.deliver(caf::unit);
          },
          [promise](caf::error& err) mutable { promise.deliver(std::move(err)); });
}

ticking_orphans_actor::behavior_type orphans(ticking_orphans_actor::stateful_pointer<orphans_state> self,
                                             orphans_setup setup) {
  self->state.begin(std::move(setup));
  return {[self](atom::list, const identity& who) { return self->state.list(who); },
          [self](atom::destroy, const identity& who, const std::string& instance) {
            return self->state.destroy(who, instance);
          },
          [self](atom::tick) { self->state.look(); }};
}

} // namespace stibium
