#pragma once

#include "actors/messages/labs.hpp"

#include <optional>
#include <string>

/// \file
/// What all users who may see a lab are told.

namespace stibium {

enum class severity : int { success = 0, info = 1, warning = 2, error = 3, fatal = 4 };

/// A status message before it is numbered and timed by the bulletin.
struct status_message {
  std::string source; ///< the component: "lab ping", "runtime", "labs folder"
  std::string content;
  std::string log_content; ///< more detail; the content is used when empty
  severity level = severity::info;
  std::optional<antimony::lab_access> about; ///< absent: concerns the whole server
  std::string only_user;                     ///< user id; when set, nobody else gets it
};

/// A lab changed: clients fetch it again. No lab: all changed.
struct lab_update {
  std::optional<lab_id> lab;
  std::optional<antimony::lab_access> about;
};

/// For /shell-commands, to every connection of the shell's owner.
struct shell_notice {
  shell_info shell;
  int command = 1;     ///< 0 I/O error, 1 closed
  std::string message; ///< why
};

} // namespace stibium

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::status_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::lab_update)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::shell_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stibium::severity)
