#pragma once

#include <caf/actor_config.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>

namespace stibium {

/// An actor that runs on one execution unit for all its life, whoever sends to it. The unit's `exec_later` must take
/// calls from any thread. `Base` is a scheduled actor; it is constructed with `cfg.host` as its unit.
template <class Base>
class pinned final : public Base {
public:
  template <class... Ts>
  explicit pinned(caf::actor_config& cfg, Ts&&... xs) : Base(cfg, std::forward<Ts>(xs)...), home_(cfg.host) {}

  using Base::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override { Base::enqueue(std::move(what), home_); }

  void launch(caf::execution_unit*, bool lazy, bool hide) override { Base::launch(home_, lazy, hide); }

  /// Marks the actor as one that the shared scheduler must not run.
  caf::resumable::subtype_t subtype() const override { return caf::resumable::io_actor; }

private:
  caf::execution_unit* home_;
};

} // namespace stibium
