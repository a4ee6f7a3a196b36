#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stibium::engineio {

/// Bytes of padded base64 for `bytes` bytes.
constexpr size_t base64_encoded_size(size_t bytes) { return (bytes + 2) / 3 * 4; }
/// Bytes that `characters` characters of base64 decode to at most.
constexpr size_t base64_decoded_size(size_t characters) { return characters / 4 * 3 + 3; }

/// Appends `bytes` as padded base64 (RFC 4648, section 4).
void append_base64(std::string& out, std::string_view bytes);
/// Appends what `text` stands for. False when it is not padded base64; `out` may then hold a part of it.
bool append_base64_decoded(std::vector<char>& out, std::string_view text);

} // namespace stibium::engineio
