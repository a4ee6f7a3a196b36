#include "actors/error.hpp"
#include "tests/transport/runtime/docker/fake_engine.hpp"
#include "transport/runtime/docker/endpoint.hpp"
#include "transport/runtime/docker/engine_answers.hpp"
#include "transport/runtime/docker/frames.hpp"
#include "transport/runtime/docker/http_call.hpp"
#include "transport/runtime/docker/json.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::docker;
using test::frame;

TEST_CASE("docker endpoint: DOCKER_HOST as Docker's own tools read it") {
  CHECK(parse_endpoint("")->path == "/var/run/docker.sock");
  CHECK(parse_endpoint("unix:///tmp/d.sock")->path == "/tmp/d.sock");
  CHECK(*parse_endpoint("tcp://node-1:1234") == endpoint{{}, "node-1", 1234});
  CHECK(*parse_endpoint("tcp://10.0.0.1/") == endpoint{{}, "10.0.0.1", 2375});
  CHECK(*parse_endpoint("tcp://[::1]:2376") == endpoint{{}, "::1", 2376});
  for (const char* text : {"unix:///tmp/d.sock", "tcp://node-1:1234", "tcp://[::1]:2376"})
    CHECK(parse_endpoint(text)->text() == text);
  for (const char* text : {"ssh://me@there", "unix://relative", "tcp://", "tcp://:1", "tcp://a:0", "tcp://a:65536",
                           "tcp://a:1x", "tcp://[::1", "npipe://x", "/var/run/docker.sock"})
    CHECK(parse_endpoint(text).error() == ec::invalid_request);
  CHECK(parse_endpoint("unix:///" + std::string(200, 'x')).error() == ec::invalid_request);
}

TEST_CASE("docker frames: however the bytes are cut, the payload is the same") {
  const auto all = frame(1, "hello\n") + frame(2, "") + frame(2, "err") + frame(1, std::string(1000, 'x'));
  for (size_t step = 1; step <= all.size(); ++step) {
    frame_reader reader;
    std::string out, err;
    int ends = 0;
    for (size_t at = 0; at < all.size(); at += step)
      REQUIRE(reader.feed(std::string_view{all}.substr(at, step), [&](int stream, std::string_view bytes, bool last) {
        (stream == 1 ? out : err) += bytes;
        ends += last;
      }));
    REQUIRE(out == "hello\n" + std::string(1000, 'x'));
    REQUIRE(err == "err");
    REQUIRE(ends == 3);
  }
}

TEST_CASE("docker frames: what is no multiplexed stream is noticed") {
  const auto ignore = [](int, std::string_view, bool) {};
  frame_reader text;
  CHECK_FALSE(text.feed("plain text of a terminal", ignore));
  CHECK_FALSE(text.feed(frame(1, "x"), ignore)); // nothing more can be read
  frame_reader late;
  CHECK_FALSE(late.feed(frame(1, "x") + std::string("\1\1\0\0\0\0\0\0", 8), ignore));
  frame_reader huge; // 4 GiB announced: nothing is kept for it
  CHECK(huge.feed(std::string("\1\0\0\0\xff\xff\xff\xff", 8) + "some", ignore));
}

TEST_CASE("docker answers: states, names and addresses; what is missing is empty") {
  const auto list = read_containers(R"([{"Id":"ab","Names":["/clab-a-n1"],"Labels":{"clab-node-name":"n1","x":1},
    "State":"running","Status":"Up 2 s","Image":"i","NetworkSettings":{"Networks":{"clab":{"IPAddress":"172.20.20.2",
    "GlobalIPv6Address":"3fff::2"}}}},{"Id":"cd","Names":null,"Labels":null},17])");
  REQUIRE(list);
  REQUIRE(list->size() == 2);
  CHECK(list->at(0).name == "clab-a-n1");
  CHECK(list->at(0).labels == string_map{{"clab-node-name", "n1"}});
  CHECK(list->at(0).networks.at(0).ipv4 == "172.20.20.2");
  CHECK(list->at(0).networks.at(0).ipv6 == "3fff::2");
  CHECK(list->at(1).name.empty());

  const auto one = read_container(R"({"Id":"ab","Name":"/n","RestartCount":4,"State":{"Status":"exited","Running":false,
    "ExitCode":137,"OOMKilled":true,"StartedAt":"2026-11-24T12:00:56.7Z","Error":"no"},
    "Config":{"Tty":true,"Image":"i"},"HostConfig":{"RestartPolicy":{"Name":"always"}}})");
  REQUIRE(one);
  CHECK(one->state == "exited");
  CHECK(one->exit_code == 137);
  CHECK(one->out_of_memory);
  CHECK(one->tty);
  CHECK(one->restart_count == 4);
  CHECK(one->restart_policy == "always");
  CHECK(one->started_at == "2026-11-24T12:00:56.7Z");
  CHECK(one->networks.empty());
}

TEST_CASE("docker answers: broken and foreign JSON is an error, never a crash") {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const std::string& text : {std::string{}, std::string{"{"}, std::string{"null"}, std::string{"[[]"},
                                  std::string{"\0\1", 2}, std::string{"{}"}, deep + "x"}) {
    CHECK(read_container(text).error() == ec::runtime_failed);
    CHECK(read_containers(text).error() == ec::runtime_failed);
    CHECK(read_version(text).error() == ec::runtime_failed);
    CHECK(read_exec(text).error() == ec::runtime_failed);
    CHECK(read_id(text).error() == ec::runtime_failed);
  }
  CHECK(read_containers(deep)->empty());
  CHECK(read_id(R"({"Id":"../x"})").error() == ec::runtime_failed);
  const auto odd = read_container(R"({"Id":"a","State":[],"Config":7,"Name":{},"NetworkSettings":{"Networks":"x"}})");
  CHECK(odd->name.empty());
}

TEST_CASE("docker answers: an exec that never ran is told from one that ended") {
  CHECK(read_exec(R"({"Running":true,"ExitCode":null,"Pid":12})")->running);
  CHECK_FALSE(read_exec(R"({"Running":false,"ExitCode":null,"Pid":0})")->ended);
  CHECK(read_exec(R"({"Running":false,"ExitCode":126,"Pid":0})")->never_ran());
  CHECK_FALSE(read_exec(R"({"Running":false,"ExitCode":127,"Pid":12})")->never_ran());
  CHECK(start_failure("no such program\r\n") == ec::runtime_failed);
  CHECK(message_of(start_failure("no such program\r\n")).ends_with("program"));
  CHECK(start_failure("cannot exec in a stopped container") == ec::node_not_running);
}

TEST_CASE("docker answers: errors and versions") {
  CHECK(docker_failure(404, R"({"message":"No such container: a"})") == ec::node_not_found);
  CHECK(docker_failure(409, R"({"message":"is paused"})") == ec::node_not_running);
  CHECK(message_of(docker_failure(500, R"({"message":"words"})")).find("words") != std::string::npos);
  CHECK(message_of(docker_failure(502, "")).find("502") != std::string::npos);
  CHECK(message_of(docker_failure(500, std::string(1'000'000, 'x'))).size() < 5000);

  CHECK(*choose_prefix(R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})") == "/v1.41");
  CHECK(*choose_prefix(R"({"ApiVersion":"1.52","MinAPIVersion":"1.44"})") == "/v1.44");
  CHECK(*choose_prefix(R"({"ApiVersion":"2.0","MinAPIVersion":"2.0"})") == "/v2.0");
  CHECK(*choose_prefix(R"({"ApiVersion":"1.43"})") == "/v1.41");
  for (const char* text : {R"({"ApiVersion":"1.40"})", R"({"ApiVersion":"x"})", "{}", "[]", "<html>"})
    CHECK(choose_prefix(text).error() == ec::runtime_unavailable);
}

TEST_CASE("docker requests: what is written is escaped") {
  CHECK(percent_encode("a b/c?d%") == "a%20b%2Fc%3Fd%25");
  CHECK(write_filters({{"type", "container"}}, {"a=\"b\"", "c"}) ==
        percent_encode(R"({"type":["container"],"label":["a=\"b\"","c"]})"));
  CHECK(write_filters({}, {}) == percent_encode("{}"));
  CHECK(write_exec({{"sh", "-c", "echo \"x\""}, {"A=1"}, "u", "/t", true}) ==
        R"({"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Tty":true,"Cmd":["sh","-c","echo \"x\""],)"
        R"("Env":["A=1"],"User":"u","WorkingDir":"/t"})");
}
