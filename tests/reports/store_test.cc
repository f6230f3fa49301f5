// tests of reports: a file is written whole, or what was there before stays.
#include "reports/store.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "sample_finding.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

class Store : public ::testing::Test {
 protected:
  Store() {
    std::string name = (fs::temp_directory_path() / "vmadiff-store-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~Store() override {
    ::umount(directory_.c_str());
    fs::remove_all(directory_);
  }

  static std::string content(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  [[nodiscard]] std::size_t file_count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{directory_}, fs::directory_iterator{}));
  }

  fs::path directory_;
};

TEST_F(Store, WritesTheWholeTextAndNothingElse) {
  const auto path = directory_ / "a.txt";
  ASSERT_TRUE(reports::write_atomically(path, "one").has_value());
  ASSERT_TRUE(reports::write_atomically(path, "two").has_value());
  EXPECT_EQ(content(path), "two");
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(Store, ALinkIsFollowed) {
  const auto target = directory_ / "target.txt";
  ASSERT_TRUE(reports::write_atomically(target, "one").has_value());
  fs::create_symlink(target, directory_ / "link.txt");
  ASSERT_TRUE(reports::write_atomically(directory_ / "link.txt", "two").has_value());
  EXPECT_TRUE(fs::is_symlink(directory_ / "link.txt"));
  EXPECT_EQ(content(target), "two");
}

TEST_F(Store, SaysWhatCannotBeWritten) {
  const auto full = reports::write_atomically("/dev/full", "text");
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().message, "/dev/full: cannot be written: No space left on device");
  EXPECT_TRUE(fs::is_character_file("/dev/full")) << "it was not replaced";
  EXPECT_FALSE(reports::write_atomically(directory_, "text").has_value());
  EXPECT_FALSE(reports::write_atomically(directory_ / "no" / "such", "text").has_value());
}

TEST_F(Store, OnAFullDiskTheEarlierFileStays) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to mount a tiny tmpfs";
  if (::mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=8k") != 0) {
    GTEST_SKIP() << "a tmpfs cannot be mounted here";
  }
  const auto path = directory_ / "a.txt";
  ASSERT_TRUE(reports::write_atomically(path, "before").has_value());
  const auto result = reports::write_atomically(path, std::string(20000, 'x'));
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("No space left on device"), std::string::npos);
  EXPECT_EQ(content(path), "before");
  EXPECT_EQ(file_count(), 1U) << "no temporary file is left";
}

TEST_F(Store, AFindingIsFourFilesNamedForItsFingerprint) {
  const auto finding = left_unmerged();
  const auto files = reports::write_finding(directory_ / "new", finding);
  EXPECT_EQ(files.fault, "");
  const auto stem = reports::file_stem(finding);
  EXPECT_EQ(stem.size(), 16U);
  EXPECT_NE(stem, reports::file_stem(ineligible_mergeable()));
  for (const auto* suffix : {".trace", ".json", ".c", ".txt"}) {
    EXPECT_FALSE(content(directory_ / "new" / (stem + suffix)).empty()) << suffix;
  }
}

TEST_F(Store, WhatADeadSystemLeftBehindIsAFileOfItsOwn) {
  auto finding = left_unmerged();
  EXPECT_TRUE(reports::write_finding(directory_ / "new", finding).log.empty());
  finding.log = "Kernel panic\n";
  const auto files = reports::write_finding(directory_ / "new", finding);
  EXPECT_EQ(content(files.log), "Kernel panic\n");
}

TEST_F(Store, AFindingThatCannotBeWrittenSaysWhy) {
  ASSERT_TRUE(reports::write_atomically(directory_ / "file", "text").has_value());
  const auto files = reports::write_finding(directory_ / "file", left_unmerged());
  EXPECT_NE(files.fault, "");
  EXPECT_TRUE(files.trace.empty());
}

}  // namespace
}  // namespace vmadiff::tests
