#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// \file
/// JSON text on the wire: writing strings fast, and taking event arrays apart. Pure functions; safe from any thread.

namespace stibium::socketio {

/// Appends `text` as a JSON string literal, quotes included. Bytes that are no UTF-8 become U+FFFD, one for each broken
/// sequence; control characters are escaped. Plain text costs three comparisons for each 16 bytes.
void append_json_string(std::string& out, std::string_view text);
/// The same as a string of its own.
std::string json_string(std::string_view text);

/// `text` with everything that is no UTF-8 replaced by U+FFFD.
std::string sanitize_utf8(std::string_view text);

/// JSON text in which every escape of half a surrogate pair (`\ud83d` alone) is U+FFFD instead; nullopt when there is
/// none. JavaScript makes such text of a string that was cut inside a pair; parsers refuse it.
std::optional<std::string> mend_surrogates(std::string_view json);

/// The parts of an event's JSON array.
struct event_parts {
  std::string name;           ///< the first element: a string's value, a number's digits
  std::string_view arguments; ///< the text between the name and the closing bracket: `1,{"a":2}`; may be empty
};

/// Takes an event array apart. It must have been accepted by `decode`; of other text, nullopt or anything.
std::optional<event_parts> split_event(std::string_view json);
/// The name alone.
std::optional<std::string> event_name(std::string_view json);

} // namespace stibium::socketio
