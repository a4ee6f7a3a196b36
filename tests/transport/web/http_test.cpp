#include "transport/web/http.hpp"

#include <doctest/doctest.h>

using stibium::web::http_request;
using stibium::web::percent_decode;

TEST_CASE("http: header names have no case, the first one wins") {
  http_request in;
  in.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  CHECK(in.header("CONTENT-TYPE") == "a");
  CHECK_FALSE(in.header("Content"));
}

TEST_CASE("http: cookies are found by their exact name, in any Cookie header") {
  http_request in;
  in.headers = {{"cookie", "accessTokenX=no; accessToken=a.b=c ; empty="}, {"Cookie", "quoted=\"q\";last=z"}};
  CHECK(in.cookie("accessToken") == "a.b=c");
  CHECK(in.cookie("empty") == "");
  CHECK(in.cookie("quoted") == "q");
  CHECK(in.cookie("last") == "z");
  CHECK_FALSE(in.cookie("AccessToken"));
}

TEST_CASE("http: query values are decoded and repeatable") {
  http_request in;
  in.query = "a=1&stateFilter%5B%5D=0&stateFilter[]=%31&b=x+y%zz&flag&=only";
  CHECK(in.query_value("a") == "1");
  CHECK(in.query_values("stateFilter[]") == std::vector<std::string>{"0", "1"});
  CHECK(in.query_value("b") == "x y%zz");
  CHECK(in.query_value("flag") == "");
  CHECK_FALSE(in.query_value("c"));
}

TEST_CASE("http: broken escapes stay as they are") {
  CHECK(percent_decode("%41%") == "A%");
  CHECK(percent_decode("%4") == "%4");
  CHECK(percent_decode("%4g+") == "%4g+");
}
