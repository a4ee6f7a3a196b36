#pragma once

namespace stibium::antimony {

/// The error codes that clients see in acks and refusals (published API text, "Error Codes", with our errata).
enum class error_code : int {
  generic = 5000,           ///< anything else; the message says what
  containerlab = 5001,      ///< the runtime failed; the message ends with its last error line
  already_deploying = 5002, ///< the lab is being deployed
  lab_not_running = 5003,   ///< the lab has no instance
  node_not_running = 5004,  ///< the node is there, but does not run
  not_found = 5005,         ///< no such lab, or no such namespace
  node_not_found = 5006,    ///< no such node in the lab's topology
  shell_not_found = 5007,   ///< no such shell
  shell_limit = 5008,       ///< the user holds as many shells as allowed
  invalid_request = 5422,   ///< malformed payload; the message names the field
  no_access = 5403          ///< the user may not do this
};

} // namespace stibium::antimony
