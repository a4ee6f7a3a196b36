#include "transport/store/log_spool.hpp"

#include "protocol/antimony/uuid.hpp"
#include "transport/store/attempt.hpp"

#include <caf/all.hpp>

#include <optional>

namespace stibium::store {

namespace {

struct spool_state {
  static constexpr const char* name = "spool";
  explicit spool_state(spool_actor::pointer self)
      : self{self} {}

  // The file, made on first use: a folder that cannot be made is an answer, not an end.
  spool_file& file() {
    if (!opened) opened.emplace(path, bounds);
    return *opened;
  }

  spool_actor::pointer self;
  std::string path;
  spool_bounds bounds;
  std::optional<spool_file> opened;
};

spool_actor::behavior_type spool(spool_actor::stateful_pointer<spool_state> self, std::string path,
                                 spool_bounds bounds) {
  self->state.path = std::move(path);
  self->state.bounds = bounds;
  return {[self](atom::load) { return attempt([&] { return log_lines{self->state.file().load()}; }); },
          [self](const log_lines& more) { return attempt([&] { self->state.file().append(more.lines); }); },
          [self](atom::reset) { return attempt([&] { self->state.file().clear(); }); }};
}

} // namespace

spool_actor spawn_spool(const nursery& in, uint64_t parent, const std::string& folder, spool_bounds bounds,
                        const lab_id& lab) {
  // Ids are UUIDs; anything else must not choose the file's place.
  const auto file = antimony::is_uuid(lab.value) ? lab.value : antimony::lab_uuid(lab.value);
  return spawn(in, placement::pool(), {"spool", lab.value, "", parent}, spool, folder + "/" + file + ".log", bounds);
}

std::function<spool_actor(const lab_id&)> spool_maker(const nursery& in, std::string folder, spool_bounds bounds) {
  return
      [in, folder = std::move(folder), bounds](const lab_id& lab) { return spawn_spool(in, 0, folder, bounds, lab); };
}

} // namespace stibium::store
