#include "transport/store/sqlite_store.hpp"

#include "transport/store/attempt.hpp"
#include "transport/store/database.hpp"

#include <caf/all.hpp>

namespace stibium::store {

namespace {

struct store_state {
  static constexpr const char* name = "store";
  explicit store_state(store_actor::pointer self)
      : self{self} {}
  store_actor::pointer self;
  std::shared_ptr<database> data;
};

store_actor::behavior_type sqlite_store(store_actor::stateful_pointer<store_state> self,
                                        std::shared_ptr<database> data) {
  self->state.data = std::move(data);
  auto& held = *self->state.data;
  return {[&held](atom::load) { return attempt([&] { return held.load(); }); },
          [&held](atom::save, const stored_lab& lab) { return attempt([&] { held.save(lab); }); },
          [&held](atom::save, const stored_instance& instance) { return attempt([&] { held.save(instance); }); },
          [&held](atom::save, const stored_user& user) { return attempt([&] { held.save(user); }); },
          [&held](atom::save, const journal_entry& entry) { return attempt([&] { return held.save(entry); }); },
          [&held](atom::erase, const lab_id& lab) { return attempt([&] { held.erase_instance(lab); }); },
          [&held](atom::erase, uint64_t id) { return attempt([&] { held.erase_journal(id); }); }};
}

} // namespace

std::shared_ptr<database> open_database(const std::string& folder) { return std::make_shared<database>(folder); }

store_actor spawn_store(const nursery& in, uint64_t parent, std::shared_ptr<database> data) {
  return spawn(in, placement::detached(), {"store", "", "", parent}, sqlite_store, std::move(data));
}

} // namespace stibium::store
