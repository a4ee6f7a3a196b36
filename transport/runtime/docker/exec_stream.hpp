#pragma once

#include "transport/runtime/docker/exec_channel.hpp"
#include "transport/runtime/unique_fd.hpp"

#include <boost/asio/io_context.hpp>

namespace stibium::docker {

/// An exec that runs, with its stream.
struct exec_stream {
  endpoint where;
  std::string prefix;     ///< of the API
  std::string container;  ///< its id
  std::string started_at; ///< of this life of the container
  std::string user, mark;
  std::string exec;      ///< its id
  runtime::unique_fd fd; ///< non-blocking
  std::string first;     ///< what has been read already
};

/// The channel to it.
std::shared_ptr<runtime::terminal_channel> make_exec_channel(boost::asio::io_context& context, exec_stream stream);

} // namespace stibium::docker
