// tests of kernel/store: a directory of one's own, and files that look like kernels and modules.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace vmadiff::kernel {

/// Its directory is gone at the end of the test.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string path = (std::filesystem::temp_directory_path() / "vmadiff-test-XXXXXX").string();
    directory_ = ::mkdtemp(path.data());
  }
  ~StoreTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::filesystem::path write(const std::filesystem::path& name,
                                            const std::string& content) const {
    const std::filesystem::path path = directory_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << content;
    return path;
  }

  /// A file that begins as a bzImage does, of that version.
  [[nodiscard]] std::filesystem::path write_kernel(const std::filesystem::path& name,
                                                   const std::string& version) const {
    std::string image(0x400, '\0');
    image.replace(0x202, 4, "HdrS");
    image[0x20e] = 0x10;  // the version stands at 0x210 + 0x200 - 0x200
    image[0x20f] = 0x01;
    image.replace(0x310, version.size() + 10, version + " (someone)");
    return write(name, image);
  }

  /// What a module says of itself, between zeros.
  static std::string module(const std::string& version, const std::string& depends = "") {
    const std::string zero(1, '\0');
    return "ELF" + zero + "depends=" + depends + zero + "vermagic=" + version + " SMP mod_unload" +
           zero;
  }

  static std::string content(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  std::filesystem::path directory_;
};

}  // namespace vmadiff::kernel
