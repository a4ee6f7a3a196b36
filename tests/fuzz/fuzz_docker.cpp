#include "tests/fuzz/fuzz.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/event_decoder.hpp"
#include "transport/runtime/docker/log_decoder.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace stibium::docker;

namespace {

/// All lines of a log that arrives in pieces.
std::string lines_of(std::string_view bytes, bool multiplexed, size_t piece) {
  log_decoder decoder{multiplexed};
  std::vector<log_line> lines;
  bool fine = true;
  for (size_t at = 0; fine && at < bytes.size(); at += piece) fine = decoder.feed(bytes.substr(at, piece), lines);
  if (fine) decoder.finish(lines);
  std::string said = fine ? "" : "broken";
  for (const auto& line : lines) {
    require(line.text.size() <= max_log_line);
    said += "\n" + std::to_string(line.stream) + " " + std::to_string(line.time_ns) + " " + line.text;
  }
  return said;
}

std::string events_of(std::string_view bytes, size_t piece) {
  event_decoder decoder;
  std::vector<container_event> events;
  bool fine = true;
  for (size_t at = 0; fine && at < bytes.size(); at += piece) fine = decoder.feed(bytes.substr(at, piece), events);
  std::string said;
  for (const auto& each : events) said += each.action + " " + each.id + "\n";
  return said;
}

} // namespace

void fuzz(std::string_view input) {
  if (input.empty()) return;
  const auto piece = std::max<size_t>(1, static_cast<unsigned char>(input[0]));
  input.remove_prefix(1);
  for (const bool multiplexed : {false, true})
    require(lines_of(input, multiplexed, input.size() + 1) == lines_of(input, multiplexed, piece));
  require(events_of(input, input.size() + 1) == events_of(input, piece));
  read_version(input);
  read_containers(input);
  read_container(input);
  read_exec(input);
  read_id(input);
}
