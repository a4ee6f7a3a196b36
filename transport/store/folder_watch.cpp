#include "transport/store/folder_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

namespace stibium::store {

folder_watch::folder_watch()
    : file_{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)} {}

folder_watch::~folder_watch() {
  if (file_ >= 0) ::close(file_);
}

void folder_watch::add(const std::vector<std::string>& folders) {
  complete_ = file_ >= 0;
  for (const auto& folder : folders) {
    constexpr uint32_t mask = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                              IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (file_ >= 0 && ::inotify_add_watch(file_, folder.c_str(), mask) < 0) complete_ = false;
  }
}

bool folder_watch::changed() {
  if (file_ < 0) return false;
  bool any = false;
  alignas(inotify_event) char events[16 * 1024];
  // Bounded: under a storm of changes the rest is left for the next call.
  for (int i = 0; i < 64 && ::read(file_, events, sizeof events) > 0; ++i) any = true;
  return any;
}

} // namespace stibium::store
