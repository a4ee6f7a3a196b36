#include "tests/transport/store/temp_folder.hpp"
#include "transport/store/signing_key.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace stibium;
using namespace stibium::store;

namespace {

std::string why_not(const std::string& folder) {
  try {
    read_or_make_signing_key(folder);
    return "read";
  } catch (const storage_error& err) {
    return err.what();
  }
}

} // namespace

TEST_CASE("signing key: made once, for its owner only, with its folder") {
  test::temp_folder folder;
  const auto key = read_or_make_signing_key(folder / "data");
  CHECK(key.size() == 32);
  CHECK(read_or_make_signing_key(folder / "data") == key);
  CHECK(folder.read("data/signing.key") == key);
  struct stat about {};
  REQUIRE(::stat((folder / "data/signing.key").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK(read_or_make_signing_key(folder / "other") != key);
  CHECK(std::distance(std::filesystem::directory_iterator{folder / "data"}, {}) == 1);
}

TEST_CASE("signing key: all who make it at once get the same") {
  test::temp_folder folder;
  std::vector<std::string> keys(8);
  std::vector<std::thread> threads;
  for (auto& key : keys) threads.emplace_back([&] { key = read_or_make_signing_key(folder.path); });
  for (auto& thread : threads) thread.join();
  for (const auto& key : keys) CHECK(key == keys[0]);
}

TEST_CASE("signing key: one that others can read is refused with the remedy") {
  test::temp_folder folder;
  read_or_make_signing_key(folder.path);
  for (const mode_t mode : {0640, 0604, 0644}) {
    ::chmod((folder / "signing.key").c_str(), mode);
    CHECK(why_not(folder.path).find("chmod 600 " + (folder / "signing.key")) != std::string::npos);
  }
  ::chmod((folder / "signing.key").c_str(), 0600);
  CHECK(why_not(folder.path) == "read");
}

TEST_CASE("signing key: anything but a file of 32 bytes is refused") {
  for (const size_t size : {0, 31, 33, 5000}) {
    test::temp_folder folder;
    folder.write("signing.key", std::string(size, 'x'));
    ::chmod((folder / "signing.key").c_str(), 0600);
    CHECK(why_not(folder.path).find("does not hold 32 bytes") != std::string::npos);
  }
  test::temp_folder folder;
  folder.write("elsewhere", std::string(32, 'x'));
  REQUIRE(::symlink((folder / "elsewhere").c_str(), (folder / "signing.key").c_str()) == 0);
  CHECK(why_not(folder.path).find("cannot be opened") != std::string::npos);
}
