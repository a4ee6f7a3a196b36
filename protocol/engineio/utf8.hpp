#pragma once

#include <cstddef>
#include <string_view>

namespace stibium::engineio {

/// One step through bytes that should be UTF-8.
struct utf8_step {
  size_t length = 0;  ///< bytes taken; at least 1 when there was one
  bool valid = false; ///< they are one character; otherwise they stand for one U+FFFD (Unicode, "maximal subpart")
};

/// Looks at the first character of `text`, which must not be empty. Surrogates, overlong forms and everything above
/// U+10FFFF are invalid (RFC 3629).
utf8_step next_utf8(std::string_view text);

/// Tells whether all of `text` is UTF-8. Plain ASCII costs about a byte's load for eight of them.
bool valid_utf8(std::string_view text);

} // namespace stibium::engineio
