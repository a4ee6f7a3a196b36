#include "transport/web/send_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sys/uio.h>

using namespace stibium::web;

namespace {

wire_ptr batch_of(std::string_view payload) {
  wire_ptr batch{new wire_batch};
  append_frame(batch->frames, opcode::text, payload);
  return batch;
}

std::string all_bytes(const send_queue& queue) {
  iovec vectors[100];
  std::string out;
  auto used = queue.gather(vectors, 100);
  for (size_t i = 0; i < used; ++i) out.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  return out;
}

} // namespace

TEST_CASE("send queue: bytes leave in order, however they are taken") {
  for (size_t step : {1, 2, 3, 7, 1000}) {
    send_queue queue;
    auto shared = batch_of("4shared");
    queue.push_frame(opcode::text, "4a");
    queue.push_frame(opcode::text, "4b");
    queue.push(shared, cargo::stream);
    queue.push_frame(opcode::binary, "raw");
    auto expected = std::string{"\x81\x02"} + "4a\x81\x02" + "4b\x81\x07" + "4shared\x82\x03" + "raw";
    CHECK(queue.bytes() == expected.size());
    std::string out;
    while (!queue.empty()) {
      auto some = all_bytes(queue).substr(0, step);
      out += some;
      queue.consume(some.size());
    }
    CHECK(out == expected);
    CHECK(queue.bytes() == 0);
    CHECK(shared->frames == "\x81\x07"
                            "4shared"); // nobody writes into what is shared
  }
}

TEST_CASE("send queue: a direct frame joins the last batch only while nobody shares that") {
  send_queue queue;
  iovec vectors[10];
  queue.push_frame(opcode::text, "1");
  queue.push_frame(opcode::text, "2");
  CHECK(queue.gather(vectors, 10) == 1);
  queue.push(batch_of("x"), cargo::bulletin);
  queue.push_frame(opcode::text, "3");
  CHECK(queue.gather(vectors, 10) == 3);
  CHECK(queue.gather(vectors, 2) == 2);
}

TEST_CASE("send queue: the oldest bulletins go first, what is being sent stays") {
  send_queue queue;
  queue.push(batch_of("old"), cargo::bulletin);
  queue.push_frame(opcode::text, "ack");
  queue.push(batch_of("mid"), cargo::bulletin);
  queue.push(batch_of("new"), cargo::bulletin);
  queue.consume(1); // of "old"
  CHECK(queue.drop_bulletins(14) == 1);
  CHECK(all_bytes(queue) == "\x03"
                            "old\x81\x03"
                            "ack\x81\x03"
                            "new");
  CHECK(queue.drop_bulletins(0) == 1);
  CHECK(all_bytes(queue) == "\x03"
                            "old\x81\x03"
                            "ack");
  CHECK(queue.drop_bulletins(0) == 0);
}

TEST_CASE("send queue: backlogs do not count") {
  send_queue queue;
  queue.push(batch_of(std::string(1000, 'b')), cargo::backlog);
  queue.push_frame(opcode::text, "x");
  CHECK(queue.bytes() == 1007);
  CHECK(queue.counted_bytes() == 3);
  queue.consume(500);
  CHECK(queue.counted_bytes() == 3);
  queue.consume(505);
  CHECK(queue.counted_bytes() == 2);
}

TEST_CASE("send queue: polling takes whole packets, at least one, up to a limit") {
  send_queue queue;
  for (auto text : {"4aa", "4bb", "4cc"}) queue.push_frame(opcode::text, text);
  queue.push_frame(opcode::binary, "\x01\x02\x03\x04");
  CHECK(queue.take_payload(7) == "4aa\x1e"
                                 "4bb");
  CHECK(queue.take_payload(1) == "4cc");
  CHECK(queue.take_payload(100) == "bAQIDBA==");
  CHECK(queue.empty());
}

TEST_CASE("send queue: one queue goes over into another") {
  send_queue from, to;
  to.push_frame(opcode::text, "1");
  from.push_frame(opcode::text, "2");
  from.push(batch_of("3"), cargo::backlog);
  to.append(std::move(from));
  CHECK(all_bytes(to) == "\x81\x01"
                         "1\x81\x01"
                         "2\x81\x01"
                         "3");
  CHECK(to.counted_bytes() == 6);
  CHECK(from.empty());
}

TEST_CASE("send queue: thousands of batches pass through") {
  send_queue queue;
  size_t pushed = 0, sent = 0;
  for (int i = 0; i < 10000; ++i) {
    auto batch = batch_of(std::to_string(i));
    pushed += batch->frames.size();
    queue.push(std::move(batch), cargo::stream);
    auto some = i % 3 == 0 ? std::min<size_t>(7, queue.bytes()) : 0;
    queue.consume(some);
    sent += some;
  }
  CHECK(pushed == sent + queue.bytes());
  CHECK(all_bytes(queue).size() > 100);
  queue.consume(queue.bytes());
  CHECK(queue.empty());
}
