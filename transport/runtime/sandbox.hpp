#pragma once

#include "transport/runtime/child_process.hpp"
#include "transport/runtime/process_id.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::runtime {

/// How nodes are kept apart.
enum class isolation : uint8_t {
  automatic,      ///< the first of the following that works
  root,           ///< namespaces made as root
  user_namespace, ///< namespaces inside one user namespace that a holder process keeps
  processes       ///< none: nodes are plain processes without links
};
/// "root", "user namespace", "processes".
std::string to_string(isolation how);

/// The way into namespaces: turns what has to run somewhere into a program for the installed tools. A value; its
/// members may be called from any thread.
class sandbox {
public:
  /// Finds out what works, or whether `wanted` works; starts the holder when one is needed and none of an earlier
  /// process is there (`<run_root>/holder.json` knows it). Takes some 50 ms. Never fails: at worst the isolation is
  /// `processes`, and `detail` says why.
  static sandbox open(const std::string& run_root, isolation wanted);

  isolation how() const { return how_; }
  /// Its holder, as the process before this one has written it down; it may have ended.
  static process_id read_holder(const std::string& run_root);
  /// For people: "Linux namespaces as root", "inside a user namespace", "processes only: why".
  const std::string& detail() const { return detail_; }
  process_id holder() const { return holder_; }
  /// False once the holder has been killed; `open` then makes another one.
  bool alive() const { return how_ != isolation::user_namespace || find_process(holder_.pid) == holder_; }

  /// Ends the holder, if there is one: to be called when no node is left. Takes a few ms.
  void end_holder() const;

  /// Where network namespaces have their names, as seen by those who run in `outside`.
  std::string netns_path(std::string_view name) const { return netns_folder_ + "/" + std::string{name}; }

  /// A program beside the nodes: where their network namespaces are made and linked.
  program outside(std::vector<std::string> argv) const;
  /// A program in one network namespace, with the host's view of everything else.
  program in_netns(std::string_view netns, std::vector<std::string> argv) const;
  /// A program that makes a node's namespaces (besides the network) and is the parent of its PID 1.
  program new_node(std::string_view netns, std::vector<std::string> argv) const;
  /// A program inside a node, given by its PID 1.
  program in_node(process_id init, std::vector<std::string> argv) const;

  /// A tool with its path; empty when it is not installed.
  std::string tool(const std::string& name) const;

private:
  bool try_root();
  bool try_user_namespace(const std::string& run_root);
  bool take_holder_back(const std::string& run_root);
  bool start_holder(const std::string& run_root);
  bool works(program what);

  isolation how_ = isolation::processes;
  std::string detail_, netns_folder_, last_error_, mark_;
  process_id holder_;
  std::map<std::string, std::string> tools_;
};

} // namespace stibium::runtime
