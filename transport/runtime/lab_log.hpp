#pragma once

#include "actors/interfaces.hpp"

#include <string>

namespace stibium::runtime {

/// A line in containerlab's form, of now: "HH:MM:SS LEVL text".
std::string log_line(const char* level, const std::string& text);

/// Writes what a command does into the lab's log, in containerlab's form: "HH:MM:SS INFO text key=value". A null sink
/// swallows all.
class lab_log {
public:
  explicit lab_log(log_sink_actor sink)
      : sink_(std::move(sink)) {}

  void info(const std::string& text) const { write("INFO", text); }
  void warn(const std::string& text) const { write("WARN", text); }
  void error(const std::string& text) const { write("ERRO", text); }

private:
  void write(const char* level, const std::string& text) const;

  log_sink_actor sink_;
};

} // namespace stibium::runtime
