#pragma once

#include "transport/runtime/process_id.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// \file
/// What must be known of an instance after a crash of the service: written before anything is made, removed after
/// everything is. Everything that belongs to an instance lies in its folder `<run folder of the lab>/<instance>/`:
/// `state.json`, the nodes' `init` script, and per node `<node>.log`, `.pid` (by its init: who it is), `.exit` (by its
/// init: the exit code of its program) and `.in` (a FIFO, its standard input).

namespace stibium::runtime {

/// What is kept of a node.
struct node_record {
  std::string name, kind;
  std::string netns;                   ///< name of its network namespace
  std::vector<std::string> interfaces; ///< of its links
  std::vector<std::string> to_host;    ///< those of them whose other end is on the host
};

/// What is kept of an instance.
struct instance_record {
  std::string lab, name, folder; ///< as in `instance_ref`
  std::string topology, source;
  std::string boot;      ///< `boot_id` when it was deployed
  std::string isolation; ///< how: "root", "user namespace", "processes"
  process_id holder;     ///< who holds its user namespace; only for "user namespace"
  std::vector<node_record> nodes;

  /// Its folder.
  std::string home() const { return folder + "/" + name; }
  /// One of a node's files; `what` is "log", "pid", "exit" or "in".
  std::string file_of(std::string_view node, std::string_view what) const;
  const node_record* find(std::string_view node) const;
};

/// The two ends of a node's process tree.
struct node_process {
  process_id outer; ///< in the service's PID namespace, lives exactly as long as the node
  process_id init;  ///< PID 1 of the node, as seen from outside
  bool operator==(const node_process&) const = default;
};

/// The record as JSON and back; nothing when the text is none of ours.
std::string to_json(const instance_record& record);
std::optional<instance_record> read_record(std::string_view json);

/// Writes the state file, all or nothing. False when the disk refuses.
bool save(const instance_record& record);

/// Where a file is written before it takes its place.
std::string draft_of(const std::string& path);

/// Writes a file, all or nothing. False when the disk refuses; then what was there before is there still.
bool write_whole(const std::string& path, std::string_view text, mode_t mode = 0600);

/// Removes the folder of an instance, its state file last: whatever interrupts this, what is left is known. The lab's
/// folder goes too when it is empty then.
std::error_code remove_files(const instance_record& record);

/// Removes the folders of instances whose state file was never finished: nothing else has been made of them.
void remove_beginnings(const std::string& run_root);

/// The state files of all instances in `run_root`, which holds the run folders of the labs.
std::vector<instance_record> find_records(const std::string& run_root);

/// Who the node is, by its `.pid` file; it may have ended. Nothing when it has never been started.
std::optional<node_process> read_process(const instance_record& record, std::string_view node);

/// The exit code of the node's program as its init wrote it down; nothing when it was killed.
std::optional<int> read_exit_code(const instance_record& record, std::string_view node);

/// A whole file, up to 4 MiB; nothing when it is not there or longer.
std::optional<std::string> read_file(const std::string& path);

} // namespace stibium::runtime
