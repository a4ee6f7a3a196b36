#pragma once

#include "protocol/antimony/error_code.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// What the server says in acks and events, as JSON text: each function makes one argument. Bytes that are not UTF-8
/// become U+FFFD, so what comes out is always valid.

namespace stibium::antimony {

/// `{"payload":null}`: the ack of a command that returns nothing.
std::string null_payload();

/// `{"payload":"text"}`: the ack of command 6, the shell's id.
std::string text_payload(std::string_view text);

/// A shell in the ack of command 5.
struct listed_shell {
  std::string id, node;
};

/// `{"payload":[{"id":..,"node":..}, ..]}`: the ack of command 5.
std::string shells_payload(const std::vector<listed_shell>& shells);

/// `{"code":N,"message":".."}`: the ack of whatever failed.
std::string error_payload(error_code code, std::string_view message);

/// An event on `/status-messages`.
struct status_event {
  std::string id; ///< a UUID
  std::chrono::system_clock::time_point timestamp;
  std::string source, content;
  std::string log_content; ///< the content is used when empty
  int severity = 1;        ///< 0 success, 1 info, 2 warning, 3 error, 4 fatal
};

/// `{"payload":{"id":..,"timestamp":..,"source":..,"content":..,"logContent":..,"severity":..}}`
std::string status_payload(const status_event& event);

/// `{"payload":{"labId":".."}}` for `/lab-updates`; an empty id means that all labs have changed.
std::string lab_update_payload(std::string_view lab_id);

/// An event on `/shell-commands`.
struct shell_event {
  std::string lab_id, node, shell_id;
  int command = 1; ///< 0 I/O error, 1 closed
  std::string message;
};

/// The bare object and the same again under `payload`: the published text shows the one, the web interface reads the
/// other.
std::string shell_payload(const shell_event& event);

} // namespace stibium::antimony
