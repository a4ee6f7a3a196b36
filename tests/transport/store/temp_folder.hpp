#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace stibium::test {

/// A folder of its own that goes with the object.
struct temp_folder {
  temp_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "stibium-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error{"no temporary folder"};
    path = pattern;
  }
  ~temp_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  /// The path of a file in it.
  std::string operator/(const std::string& name) const { return path + "/" + name; }

  /// Writes a file, making the folders that it needs.
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path{*this / name}.parent_path());
    std::ofstream{*this / name, std::ios::binary} << text;
  }

  std::string read(const std::string& name) const {
    std::ifstream in{*this / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string path;
};

} // namespace stibium::test
