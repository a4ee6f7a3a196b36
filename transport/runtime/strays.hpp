#pragma once

#include "transport/runtime/child_process.hpp"

#include <set>
#include <string>
#include <vector>

namespace stibium::runtime {

/// The environment entry of programs that work on the labs of a run root: by it the next process of the service finds
/// what one that was killed has left at work.
std::string run_root_mark(const std::string& run_root);

/// Ends all processes that carry the mark, but for `spared` and for what this process has started itself. Each step's
/// signal is sent to all of them at once; SIGKILL always follows. Blocks until they have ended, or 3 s after SIGKILL.
void end_strays(const std::string& mark, const std::set<pid_t>& spared, const std::vector<stop_step>& steps);

} // namespace stibium::runtime
