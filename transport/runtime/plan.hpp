#pragma once

#include "actors/interfaces.hpp"
#include "transport/runtime/lab_work.hpp"

#include <string>

namespace stibium::runtime {

/// Reads the topology of an instance and checks that this runtime can make it; says in the log what it does not do.
/// Error: `runtime_failed` with the first problem and where it is.
caf::expected<topology::definition> read_plan(const instance_ref& instance, const sandbox& box, const lab_log& log);

/// What is to be kept of an instance. `name_space` goes into the names of its network namespaces.
instance_record make_record(const instance_ref& instance, const topology::definition& plan, const sandbox& box,
                            const std::string& name_space);

/// SHA-256 as 64 hex digits.
std::string sha256_hex(const std::string& text);

} // namespace stibium::runtime
