#pragma once

#include "actors/house.hpp"

#include <functional>
#include <set>

namespace stibium {

/// What the orphans' actor starts with.
struct orphans_setup {
  house world; ///< up to the directory
};

/// An orphans' actor and the ticks that it sends itself.
using ticking_orphans_actor = orphans_actor::extend<caf::reacts_to<atom::tick>>;

/// See `orphans_actor`. What the runtime has is compared with what the directory knows; an instance counts when the
/// runtime has it before and after the directory was asked, so that one which is just being destroyed does not.
struct orphans_state {
  static constexpr const char* name = "orphans";
  /// Labs of an earlier process are taken back first.
  static constexpr std::chrono::seconds first_look{10};
  static constexpr std::chrono::minutes look_again{10};
  static constexpr std::chrono::seconds look_deadline{30}; ///< of one question

  explicit orphans_state(ticking_orphans_actor::pointer self)
      : self{self} {}

  void begin(orphans_setup setup);
  void look();
  caf::result<std::vector<instance_status>> list(const identity& who);
  caf::result<void> destroy(const identity& who, const std::string& instance);

  ticking_orphans_actor::pointer self;

private:
  using instances = std::vector<instance_status>;
  using answer = std::function<void(const caf::expected<instances>&)>;

  void find(answer then);
  void without_known(const instances& there, answer then);
  void still_there(instances orphans, answer then);
  void report(const instances& found);
  void remove(const instance_status& which, caf::response_promise promise);

  house world_;
  std::set<std::string> told_; ///< names, of those that are still there
};

ticking_orphans_actor::behavior_type orphans(ticking_orphans_actor::stateful_pointer<orphans_state> self,
                                             orphans_setup setup);

} // namespace stibium
