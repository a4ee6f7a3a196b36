#pragma once

#include <string>
#include <vector>

namespace stibium::store {

/// Tells whether something has changed in some folders, by inotify. Never blocks. Used by one thread at a time.
class folder_watch {
public:
  folder_watch();
  ~folder_watch();
  folder_watch(const folder_watch&) = delete;
  folder_watch& operator=(const folder_watch&) = delete;

  /// Watches these folders too; those that are watched already stay as they are, those that vanish drop out by
  /// themselves.
  void add(const std::vector<std::string>& folders);

  /// Whether anything was made, removed, renamed or written in a folder since the last call.
  bool changed();

  /// Whether all folders are watched. If not (no inotify, too many watches), look at them from time to time.
  bool complete() const { return complete_; }

private:
  int file_ = -1;
  bool complete_ = false;
};

} // namespace stibium::store
