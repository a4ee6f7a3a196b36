#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <iostream>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>
#include <vector>

#include "connection.hpp"

/// \file
/// The benchmark's client: one process and one thread for all connections, the same for every server. Prints one line
/// of JSON.

namespace {

using namespace std::chrono;
using stibium::bench::connection;
using bench_clock = steady_clock;

struct options {
  uint16_t port = 0;
  std::string token, log, shell, lab;
  size_t clients = 100, in_flight = 4, bytes = 100;
  double seconds = 3, warm_up = 0.5;
};

/// Waits for sockets and hands them out by index.
class poller {
public:
  poller()
      : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~poller() { ::close(fd_); }
  poller(const poller&) = delete;
  poller& operator=(const poller&) = delete;

  void add(const connection& what, uint32_t index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = index;
    if (::epoll_ctl(fd_, EPOLL_CTL_ADD, what.fd(), &event) != 0) throw std::runtime_error("epoll_ctl");
  }

  template <class F>
  void wait(F&& ready) {
    std::array<epoll_event, 256> events;
    const int n = ::epoll_wait(fd_, events.data(), static_cast<int>(events.size()), 5000);
    if (n == 0) throw std::runtime_error("nothing arrived for 5 s");
    for (int i = 0; i < n; ++i) ready(events[static_cast<size_t>(i)].data.u32);
  }

private:
  int fd_;
};

double since(bench_clock::time_point begin) { return duration<double>(bench_clock::now() - begin).count(); }

double percentile(std::vector<float>& sorted, double which) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<size_t>(which * sorted.size()))];
}

void print(const char* what, double per_second, std::vector<float>& micros) {
  std::sort(micros.begin(), micros.end());
  fmt::print("{{\"mode\":\"{}\",\"perSecond\":{:.0f},\"p50us\":{:.1f},\"p99us\":{:.1f}}}\n", what, per_second,
             percentile(micros, 0.5), percentile(micros, 0.99));
}

/// One publisher types lines into the shell and keeps `in_flight` of them under way; a line has arrived when every
/// follower has it.
void fan_out(const options& opt) {
  std::deque<connection> followers(opt.clients);
  connection publisher;
  poller poll;
  for (size_t i = 0; i < followers.size(); ++i) {
    followers[i].open(opt.port, opt.log, opt.token);
    poll.add(followers[i], static_cast<uint32_t>(i));
  }
  publisher.open(opt.port, opt.shell, opt.token);
  const auto index_of_publisher = static_cast<uint32_t>(followers.size());
  poll.add(publisher, index_of_publisher);

  const std::string typed = "42" + opt.shell + ",[\"data\",\"" + std::string(opt.bytes, 'x') + "\\n\"]";
  const std::string expected = "42" + opt.log + ",[\"data\",\"" + std::string(opt.bytes, 'x') + "\"]";
  std::vector<uint64_t> received(followers.size(), 0);
  std::vector<size_t> missing(opt.in_flight, 0);
  std::vector<bench_clock::time_point> sent_at(opt.in_flight);
  std::vector<float> micros;
  uint64_t sent = 0, arrived = 0, counted_from = 0;
  auto type_one = [&] {
    const auto slot = sent++ % opt.in_flight;
    missing[slot] = followers.size();
    sent_at[slot] = bench_clock::now();
    publisher.send(typed);
  };
  for (size_t i = 0; i < opt.in_flight; ++i) type_one();
  const auto begin = bench_clock::now();
  bench_clock::time_point measured_from = begin;
  bool measuring = false;
  while (since(begin) < opt.warm_up + opt.seconds) {
    if (!measuring && since(begin) >= opt.warm_up) {
      measuring = true;
      measured_from = bench_clock::now();
      counted_from = arrived;
      micros.clear();
    }
    poll.wait([&](uint32_t index) {
      if (index == index_of_publisher) return publisher.read([](std::string_view) {});
      followers[index].read([&](std::string_view text) {
        if (text.size() != expected.size()) {
          if (text.find("[\"backlog\"") != text.npos) return;
          throw std::runtime_error("unexpected: " + std::string(text));
        }
        const auto slot = received[index]++ % opt.in_flight;
        if (--missing[slot] == 0) {
          micros.push_back(duration<float, std::micro>(bench_clock::now() - sent_at[slot]).count());
          ++arrived;
          type_one();
        }
      });
    });
  }
  const auto elapsed = since(measured_from);
  print("fanout", static_cast<double>((arrived - counted_from) * followers.size()) / elapsed, micros);
}

/// Every client asks for the user's shells, and asks again once it has the answer.
void round_trips(const options& opt) {
  std::deque<connection> clients(opt.clients);
  poller poll;
  for (size_t i = 0; i < clients.size(); ++i) {
    clients[i].open(opt.port, "/lab-commands", opt.token);
    poll.add(clients[i], static_cast<uint32_t>(i));
  }
  std::vector<uint64_t> ids(clients.size(), 0);
  std::vector<bench_clock::time_point> sent_at(clients.size());
  std::vector<float> micros;
  uint64_t answers = 0;
  std::string request;
  auto ask = [&](size_t i) {
    request = "42/lab-commands,";
    request += std::to_string(++ids[i]);
    request += "[\"data\",{\"labId\":\"";
    request += opt.lab;
    request += "\",\"command\":5}]";
    sent_at[i] = bench_clock::now();
    clients[i].send(request);
  };
  for (size_t i = 0; i < clients.size(); ++i) ask(i);
  const auto begin = bench_clock::now();
  bench_clock::time_point measured_from = begin;
  bool measuring = false;
  while (since(begin) < opt.warm_up + opt.seconds) {
    if (!measuring && since(begin) >= opt.warm_up) {
      measuring = true;
      measured_from = bench_clock::now();
      answers = 0;
      micros.clear();
    }
    poll.wait([&](uint32_t i) {
      clients[i].read([&](std::string_view text) {
        if (!text.starts_with("43/lab-commands,") || !text.ends_with("[{\"payload\":[]}]"))
          throw std::runtime_error("unexpected: " + std::string(text));
        micros.push_back(duration<float, std::micro>(bench_clock::now() - sent_at[i]).count());
        ++answers;
        ask(i);
      });
    });
  }
  const auto elapsed = since(measured_from);
  print("acks", static_cast<double>(answers) / elapsed, micros);
}

/// Holds idle connections until its input ends.
void idle(const options& opt) {
  std::deque<connection> clients(opt.clients);
  const auto begin = bench_clock::now();
  for (auto& client : clients) client.open(opt.port, "/lab-commands", opt.token);
  std::vector<float> none;
  print("idle", static_cast<double>(clients.size()) / since(begin), none);
  std::fflush(stdout);
  std::cin.get();
}

} // namespace

int main(int argc, char** argv) {
  options opt;
  std::string mode;
  CLI::App app{"Benchmark client: raw WebSocket connections that speak Socket.IO"};
  app.add_option("mode", mode, "What to do")->required()->check(CLI::IsMember({"fanout", "acks", "idle"}));
  app.add_option("--port", opt.port, "Port on 127.0.0.1")->required();
  app.add_option("--token", opt.token, "Access token");
  app.add_option("--log", opt.log, "The log's namespace");
  app.add_option("--shell", opt.shell, "The shell's namespace");
  app.add_option("--lab", opt.lab, "The lab's id");
  app.add_option("--clients", opt.clients, "Connections, the publisher not counted");
  app.add_option("--in-flight", opt.in_flight, "Lines under way");
  app.add_option("--bytes", opt.bytes, "Bytes of a line");
  app.add_option("--seconds", opt.seconds, "How long to measure");
  CLI11_PARSE(app, argc, argv);
  try {
    if (mode == "fanout")
      fan_out(opt);
    else if (mode == "acks")
      round_trips(opt);
    else
      idle(opt);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench client: {}\n", error.what());
    return 1;
  }
  return 0;
}
