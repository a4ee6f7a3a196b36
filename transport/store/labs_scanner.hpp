#pragma once

#include "actors/messages.hpp"
#include "protocol/topology/collection.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace stibium::store {

/// Where the labs are, and whose they are.
struct labs_settings {
  std::string folder;      ///< `--labs`
  std::string native_user; ///< creator of all that names none
};

/// What a look at the folder brings.
using labs_change = std::variant<lab_file, lab_file_gone, status_message>;

/// Files past this number are not read; a status message says so.
inline constexpr size_t max_lab_files = 5000;

/// Looks through the labs folder: `*.clab.yml` and `*.clab.yaml` at the top are in collection `default`, each
/// sub-folder is a collection with an optional `collection.yml`; nothing deeper, nothing whose name begins with a dot.
/// A file that breaks keeps its lab as it was. A folder that cannot be read keeps its labs. Used by one thread at a
/// time; blocks.
class labs_scanner {
public:
  explicit labs_scanner(labs_settings settings);

  /// What has changed since the last look. Only files whose time, size or inode have changed are read again.
  std::vector<labs_change> scan();

  /// The folders in which a change matters: absolute; the top first.
  const std::vector<std::string>& folders() const { return folders_; }

private:
  // What tells that a file has changed. Right after a change that is not enough: times are coarse.
  struct stamp {
    int64_t modified = 0;
    uint64_t size = 0, inode = 0;
    bool fresh = false;
    bool operator==(const stamp&) const = default;
  };
  struct known_file {
    stamp seen;
    std::string text; ///< as last read
    bool read = false, broken = false;
    std::optional<lab_file> lab; ///< as last sent
  };
  struct known_collection {
    stamp seen;
    bool read = false;
    topology::collection says;
  };
  struct place {
    std::string relative, folder; ///< of a topology file; folder: the sub-folder's name, empty at the top
  };

  std::vector<place> list();
  void list_folder(const std::string& folder, std::vector<place>& into, std::vector<std::string>& sub_folders);
  void look_at_collection(const std::string& folder);
  void look_at_file(const place& where);
  void read_text(const place& where, known_file& file);
  void publish(const place& where, known_file& file, lab_file made);
  void drop_missing(const std::set<std::string>& present);
  void say(severity level, const std::string& file, const std::vector<topology::problem>& problems,
           const std::string& folder, std::string_view consequence);
  void folder_fails(const std::string& folder, const std::string& why);
  lab_file describe(const place& where) const;
  antimony::lab_access access(const std::string& folder) const;
  static std::optional<stamp> stamp_of(const std::string& path);

  labs_settings settings_;
  std::vector<std::string> folders_;
  std::map<std::string, known_file> files_;             ///< by relative path
  std::map<std::string, known_collection> collections_; ///< by sub-folder
  std::map<std::string, std::string> unreadable_;       ///< folder -> why, as last said
  std::set<std::string> unreadable_now_;
  bool too_many_ = false;
  std::vector<labs_change> changes_;
};

} // namespace stibium::store
