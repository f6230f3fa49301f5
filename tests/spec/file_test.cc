// tests/spec: file names, and the hooks that the review's question turns on.
#include "spec/file.h"

#include <gtest/gtest.h>

#include "spec/kernel_profile.h"

namespace vmadiff::spec {
namespace {

TEST(FileText, ReadsWhatItWrites) {
  for (const FileClass cls : mappable_file_classes()) {
    const FileId file{cls, kFilesPerClass - 1};
    EXPECT_EQ(file_from_text(text(file)), file) << text(file);
  }
}

TEST(FileText, RefusesWhatAnMmapCannotName) {
  for (const char* bad : {"", "memfd", "memfd:", "memfd:4", "memfd:00", "memfd:1x", "memfd:-1",
                          "anon:0", "other:0", "anon-shared:0", ":0"}) {
    EXPECT_FALSE(file_from_text(bad)) << bad;
  }
}

TEST(Hooks, EveryRealFileHasExactlyOne) {
  for (const KernelProfile& profile : profiles()) {
    for (const FileClass cls : mappable_file_classes()) {
      const Hooks hooks = hooks_of(cls, profile);
      const int count = int{hooks.mmap} + int{hooks.mmap_prepare};
      if (cls == FileClass::kUnmappable) {
        EXPECT_EQ(count, 0);
      } else if (cls == FileClass::kTwoHooks && profile.mmap_prepare == MmapPrepare::kPresent) {
        EXPECT_EQ(count, 2);
      } else {
        EXPECT_EQ(count, 1) << profile.name << ' ' << name(cls);
      }
    }
  }
}

TEST(Profiles, AreFoundByName) {
  for (const KernelProfile& profile : profiles()) {
    ASSERT_TRUE(profile_named(profile.name));
    EXPECT_EQ(profile_named(profile.name)->summary, profile.summary);
  }
  EXPECT_TRUE(profile_named(kDefaultProfileName));
  EXPECT_FALSE(profile_named("linux-7.99"));
}

}  // namespace
}  // namespace vmadiff::spec
