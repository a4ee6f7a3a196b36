#include "tests/transport/web/rest_fixture.hpp"
#include "transport/web/rest_json.hpp"

#include <doctest/doctest.h>

using namespace stibium;
using namespace stibium::test;
using namespace stibium::web;
using namespace std::chrono_literals;

TEST_CASE("rest json: an instance with its nodes") {
  auto lab = view("L1", "ping");
  lab.instance = "ping-1714552200250";
  lab.state = lab_state_code::running;
  lab.latest_state_change = time_point{1714552300s};
  lab.start_time = time_point{1714552200s};
  lab.end_time = time_point{1714559999s};
  lab.recovered = true;
  node_info node;
  node.name = "n1";
  node.kind = "linux";
  node.ipv4 = "10.0.0.1";
  node.state = node_state::exited;
  node.container_id = "abc";
  node.container_name = "clab-ping-n1";
  lab.nodes = {node, node};
  const std::string n =
      R"({"name":"n1","kind":"linux","ipv4":"10.0.0.1","ipv6":"","state":"exited","containerId":"abc",)"
      R"("containerName":"clab-ping-n1","containnerName":"clab-ping-n1","interfaceCaptures":{},)"
      R"("canRestart":true})";
  const auto json = lab_json(lab);
  CHECK(json.find(R"("startTime":"2024-05-01T08:30:00.000Z","endTime":"2024-05-01T10:39:59.000Z")") !=
        std::string::npos);
  CHECK(json.find(R"("instanceName":"ping-1714552200250","instance":{"name":"ping-1714552200250",)"
                  R"("deployed":"2024-05-01T08:30:00.250Z","state":1,"latestStateChange":"2024-05-01T08:31:40.000Z",)"
                  R"("nodes":[)" +
                  n + "," + n + R"(],"recovered":true}})") != std::string::npos);
  lab.instance = "odd-99999999999999999";
  CHECK(lab_json(lab).find(R"("deployed":"2024-05-01T08:31:40.000Z")") != std::string::npos);
}

TEST_CASE("rest json: labs are filtered, ordered and paged") {
  std::vector<lab_view> labs{view("1", "Ring"), view("2", "ping"), view("3", "star"), view("4", "Pingpong")};
  labs[1].start_time = time_point{200s};
  labs[1].end_time = time_point{300s};
  labs[2].start_time = time_point{100s};
  labs[2].collection = "net2";
  labs[2].collection_id = "c2";
  labs[2].state = lab_state_code::scheduled;
  labs[3].state = lab_state_code::running;
  const auto ids = [&](const std::string& query) {
    http_request request;
    request.query = query;
    const auto parsed = parse_lab_query(request);
    CHECK(parsed.error == "");
    size_t total = 0;
    std::string out;
    for (const auto& lab : select_labs(labs, parsed, total)) out += lab.id.value;
    return out + "/" + std::to_string(total);
  };
  CHECK(ids("") == "4132/4");
  CHECK(ids("limit=2") == "41/4");
  CHECK(ids("limit=2&offset=3") == "2/4");
  CHECK(ids("offset=9") == "/4");
  CHECK(ids("limit=0") == "/4");
  CHECK(ids("limit=-1&offset=") == "4132/4");
  CHECK(ids("searchQuery=PING") == "42/2");
  CHECK(ids("stateFilter[]=1&stateFilter%5B%5D=-2") == "43/2");
  CHECK(ids("collectionFilter[]=c2") == "3/1");
  CHECK(ids("collectionFilter[]=net2&collectionFilter[]=c1") == "4132/4");
  CHECK(ids("startDate=1970-01-01T00:04:00Z") == "4132/4");
  CHECK(ids("startDate=1970-01-01T00:06:00Z") == "413/3");
  CHECK(ids("endDate=1970-01-01T00:02:00Z") == "413/3");
}

TEST_CASE("rest json: bad parameters are named") {
  for (const auto* query :
       {"limit=x", "limit=-2", "limit=1.5", "limit=99999999999999999999", "offset=-1", "offset=a", "startDate=tomorrow",
        "endDate=1", "stateFilter[]=9", "stateFilter[]=", "stateFilter[]=a"}) {
    CAPTURE(query);
    http_request request;
    request.query = query;
    const std::string name{query, std::string_view{query}.find_first_of("=[")};
    CHECK(parse_lab_query(request).error.find(name) == 0);
  }
}
