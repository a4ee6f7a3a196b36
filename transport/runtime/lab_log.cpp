#include "transport/runtime/lab_log.hpp"

#include <caf/send.hpp>

#include <ctime>

namespace stibium::runtime {

std::string log_line(const char* level, const std::string& text) {
  const auto now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char clock[16];
  std::strftime(clock, sizeof clock, "%H:%M:%S", &parts);
  return std::string{clock} + " " + level + " " + text;
}

void lab_log::write(const char* level, const std::string& text) const {
  if (sink_) caf::anon_send(sink_, log_lines{{log_line(level, text)}});
}

} // namespace stibium::runtime
