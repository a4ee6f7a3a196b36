#include "transport/store/labs_folder.hpp"

#include "transport/store/folder_watch.hpp"

#include <caf/all.hpp>

namespace stibium::store {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_interval = 250ms;
constexpr int most_noisy_ticks = 8;         // 2 s
constexpr int ticks_between_looks = 240;    // a minute, in case inotify misses something (network file systems)
constexpr int ticks_when_not_watching = 20; // 5 s

struct labs_folder_state {
  static constexpr const char* name = "labs folder";
  explicit labs_folder_state(labs_folder_actor::pointer self)
      : self{self} {}

  void look() {
    // Watched before they are read: what changes meanwhile is noticed.
    watch.add(scanner->folders());
    for (auto& change : scanner->scan()) std::visit([this](auto& what) { pass_on(what); }, change);
    // Folders that are new now must be watched from now on; what came into them meanwhile is found by another look.
    const bool grown = scanner->folders() != watched;
    watched = scanner->folders();
    watch.add(watched);
    dirty = grown;
    noisy_ticks = quiet_ticks = 0;
  }

  void tick() {
    ++quiet_ticks;
    if (watch.changed()) {
      dirty = true;
      quiet_ticks = 0;
      if (++noisy_ticks >= most_noisy_ticks) look();
    } else if (dirty || quiet_ticks >= (watch.complete() ? ticks_between_looks : ticks_when_not_watching)) {
      look();
    }
    self->delayed_send(self, tick_interval, atom::tick_v);
  }

  void pass_on(lab_file& what) { self->send(directory, std::move(what)); }
  void pass_on(lab_file_gone& what) { self->send(directory, std::move(what)); }
  void pass_on(status_message& what) { self->send(bulletin, std::move(what)); }

  labs_folder_actor::pointer self;
  std::unique_ptr<labs_scanner> scanner;
  folder_watch watch;
  std::vector<std::string> watched;
  directory_actor directory;
  bulletin_actor bulletin;
  bool dirty = true;
  int noisy_ticks = 0, quiet_ticks = 0;
};

labs_folder_actor::behavior_type labs_folder(labs_folder_actor::stateful_pointer<labs_folder_state> self,
                                             labs_settings settings, directory_actor directory,
                                             bulletin_actor bulletin) {
  auto& state = self->state;
  state.scanner = std::make_unique<labs_scanner>(std::move(settings));
  state.directory = std::move(directory);
  state.bulletin = std::move(bulletin);
  self->send(self, atom::tick_v);
  return {[self](atom::tick) { self->state.tick(); }, [self](atom::refresh) { self->state.look(); }};
}

} // namespace

labs_folder_actor spawn_labs_folder(const nursery& in, uint64_t parent, labs_settings settings,
                                    directory_actor directory, bulletin_actor bulletin) {
  return spawn(in, placement::pool(), {"labs folder", "", "", parent}, labs_folder, std::move(settings),
               std::move(directory), std::move(bulletin));
}

} // namespace stibium::store
