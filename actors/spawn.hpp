#pragma once

#include "actors/pinned.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace stibium {

/// What is known of an actor from the moment it is made.
struct birth_record {
  std::string kind;    ///< "lab", "log stream", "shell", "session", ...
  std::string name;    ///< which of that kind: the lab's name, the namespace, ...; empty for the only one
  std::string owner;   ///< user id, or empty when it belongs to the service
  uint64_t parent = 0; ///< CAF id of the actor that looks after it; 0 for the guardian itself
};

/// A record with the id that the actor got.
struct census_entry {
  uint64_t id = 0;
  birth_record birth;
};

/// All actors that live. Every actor enters when it is spawned and leaves when it ends. Thread-safe.
class census {
public:
  void enter(uint64_t id, birth_record birth);
  void leave(uint64_t id);
  /// Everyone alive, by id.
  std::vector<census_entry> all() const;
  size_t size() const;

private:
  mutable std::mutex mutex_;
  std::map<uint64_t, birth_record> living_;
};

/// Where actors are born: their system, its census, and the execution units that actors can be pinned to.
struct nursery {
  caf::actor_system* system = nullptr;
  std::shared_ptr<census> people = std::make_shared<census>();
  /// One per io thread; empty in tests, where every actor runs on the (test) scheduler.
  std::vector<caf::execution_unit*> homes;

  /// The home for a key such as a hash of a lab id; null when there are none.
  caf::execution_unit* home_for(size_t key) const { return homes.empty() ? nullptr : homes[key % homes.size()]; }
};

/// Where an actor runs.
struct placement {
  enum class kind : uint8_t { pool, detached, pinned } where = kind::pool;
  caf::execution_unit* home = nullptr;

  static placement pool() { return {}; }                            ///< CAF's scheduler: for what takes long
  static placement detached() { return {kind::detached, nullptr}; } ///< a thread of its own: for what blocks
  /// An io thread: for short handlers. On the pool when `home` is null.
  static placement on(caf::execution_unit* home) { return {home ? kind::pinned : kind::pool, home}; }
};

/// Spawns a function-based actor: the one way in which actors are made, so that the census knows them all.
/// `fun` takes the actor's `stateful_pointer` (or `pointer`) first, then `xs`.
template <class F, class... Ts>
caf::infer_handle_from_fun_t<F> spawn(const nursery& in, placement at, birth_record birth, F fun, Ts&&... xs) {
  using impl = caf::infer_impl_from_fun_t<F>;
  caf::actor_config cfg;
  if constexpr (sizeof...(Ts) == 0) {
    // CAF's factory keeps a null pointer for no arguments, and dereferences it: undefined, though it does no harm.
    using trait = typename caf::detail::get_callable_trait<F>::type;
    using none = std::shared_ptr<std::tuple<>>;
    constexpr bool takes_self = std::is_pointer_v<typename caf::detail::tl_head<typename trait::arg_types>::type>;
    constexpr bool returns = std::is_convertible_v<typename trait::result_type, caf::behavior>;
    using helper = caf::detail::init_fun_factory_helper<impl, F, none, returns, takes_self>;
    cfg.init_fun = decltype(cfg.init_fun){new helper{std::move(fun), std::make_shared<std::tuple<>>()}};
  } else {
    caf::detail::init_fun_factory<impl, F> factory;
    cfg.init_fun = factory(std::move(fun), std::forward<Ts>(xs)...);
  }
  caf::infer_handle_from_fun_t<F> handle;
  switch (at.where) {
  case placement::kind::pinned:
    cfg.host = at.home;
    handle = in.system->spawn_class<pinned<impl>, caf::no_spawn_options>(cfg);
    break;
  case placement::kind::detached: handle = in.system->spawn_class<impl, caf::detached>(cfg); break;
  case placement::kind::pool: handle = in.system->spawn_class<impl, caf::no_spawn_options>(cfg); break;
  }
  in.people->enter(handle.id(), std::move(birth));
  // Runs at once when the actor has ended already.
  handle->attach_functor([people = in.people, id = handle.id()] { people->leave(id); });
  return handle;
}

} // namespace stibium
