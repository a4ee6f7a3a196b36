#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// \file
/// UUIDs as lower-case text (RFC 9562). Names of labs, users and collections come out the same in every process, so
/// nothing needs to be stored to find them again.

namespace stibium::antimony {

/// The namespace in which this service names its own things.
inline constexpr std::string_view own_namespace = "4c97337f-9b6f-4672-aed0-32c6af6a7b54";

/// A version 5 UUID (SHA-1) of a name within a namespace. The namespace must be a UUID; if it is none, the result is
/// empty.
std::string uuid_v5(std::string_view name_space, std::string_view name);

/// A version 4 UUID from 16 random bytes.
std::string uuid_v4(std::array<uint8_t, 16> random);

/// A version 4 UUID from the system's random numbers. Thread-safe.
std::string random_uuid();

/// Whether a text is a UUID; upper and lower case.
bool is_uuid(std::string_view text);

/// The id of a lab: of its topology file's path within the labs folder, with '/' between its parts.
std::string lab_uuid(std::string_view relative_path);

/// The id of a user by name.
std::string user_uuid(std::string_view name);

/// The id of a collection by name.
std::string collection_uuid(std::string_view name);

} // namespace stibium::antimony
