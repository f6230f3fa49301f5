// tests of cli: kernels by name, end to end. All but one do without a network.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

/// The environment of this process and of what it runs, until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* const was = std::getenv(name)) was_ = was;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (was_) {
      ::setenv(name_, was_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> was_;
};

TEST(Kernels, AnEmptyCacheSaysHowToFillIt) {
  const Scratch scratch;
  const Variable cache{"XDG_CACHE_HOME", scratch.path().string()};
  const auto ran = run_vmadiff({"kernels"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("vmadiff kernels fetch debian-6.12"), std::string::npos) << ran.out;
}

TEST(Kernels, AreListedWithWhatIsKnownOfThem) {
  const Scratch scratch;
  const Variable cache{"XDG_CACHE_HOME", scratch.path().string()};
  std::string image(0x400, '\0');
  image.replace(0x202, 4, "HdrS");
  image[0x20f] = 0x01;
  image.replace(0x300, 8, "6.9.1-x ");
  for (const char* name : {"debian-6.10", "debian-6.9"}) {
    const auto home = scratch.path() / "vmadiff/kernels" / name;
    std::filesystem::create_directories(home / "boot");
    std::filesystem::create_directories(home / "lib/modules/6.9.1-x/kernel");
    (void)scratch.file((home / "boot/vmlinuz-6.9.1-x").string(), image);
    (void)scratch.file((home / "debian-version").string(), "6.9.1-2\n");
  }
  std::filesystem::remove_all(scratch.path() / "vmadiff/kernels/debian-6.10/lib");
  std::filesystem::remove(scratch.path() / "vmadiff/kernels/debian-6.10/debian-version");
  const auto ran = run_vmadiff({"kernels"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const auto store = (scratch.path() / "vmadiff/kernels/").string();
  EXPECT_EQ(ran.out,
            "name             release                         Debian version        modules  file\n"
            "debian-6.9       6.9.1-x                         6.9.1-2               yes      " +
                store + "debian-6.9/boot/vmlinuz-6.9.1-x\n" +
                "debian-6.10      6.9.1-x                         ?                     none     " +
                store + "debian-6.10/boot/vmlinuz-6.9.1-x\n");
}

TEST(Kernels, OnlyNamesAreFetched) {
  const auto ran = run_vmadiff({"kernels", "fetch", "debian-6.12", "6.12"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err,
            "vmadiff: '6.12': expected debian-X.Y or debian-X.Y.Z, as in debian-6.12, or "
            "linux-X.Y for a source\n");
}

TEST(Kernels, WhatWasBuiltHereIsListedBehindThem) {
  const Scratch scratch;
  const Variable cache{"XDG_CACHE_HOME", scratch.path().string()};
  std::string image(0x400, '\0');
  image.replace(0x202, 4, "HdrS");
  image[0x20f] = 0x01;
  image.replace(0x300, 8, "6.9.1-x ");
  const auto store = scratch.path() / "vmadiff/kernels";
  for (const char* name : {"built-linux-6.9-debug", "debian-6.9"}) {
    std::filesystem::create_directories(store / name / "boot");
    (void)scratch.file((store / name / "boot/vmlinuz-6.9.1-x").string(), image);
  }
  EXPECT_EQ(
      run_vmadiff({"kernels"}).out,
      "name                   release                         Debian version        modules  file\n"
      "debian-6.9             6.9.1-x                         ?                     none     " +
          (store / "debian-6.9/boot/vmlinuz-6.9.1-x\n").string() +
          "built-linux-6.9-debug  6.9.1-x                         built here            none     " +
          (store / "built-linux-6.9-debug/boot/vmlinuz-6.9.1-x\n").string());
}

TEST(Kernels, WhatCannotBeBuiltIsToldBeforeAnythingIs) {
  const Scratch scratch;
  const auto tree = scratch.path().string();
  const auto refused = run_vmadiff({"kernels", "build", tree});
  EXPECT_EQ(refused.status, 3);
  EXPECT_EQ(
      refused.err,
      "vmadiff: " + tree + ": Makefile is not there, expected where the kernel's source has it\n");
  const auto absent = run_vmadiff({"kernels", "build", "linux-1.0"});
  EXPECT_EQ(absent.status, 3);
  EXPECT_EQ(absent.err,
            "vmadiff: the source linux-1.0 is not here: vmadiff kernels fetch linux-1.0\n");
  const auto fragment = scratch.file("mine", "CONFIG_KSM=y\nKSM=y\n");
  const auto wrong = run_vmadiff({"kernels", "build", tree, "--config", fragment});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_EQ(wrong.err, "vmadiff: " + fragment +
                           ": line 2: expected CONFIG_NAME=y, or another value, or # CONFIG_NAME "
                           "is not set\n");
  const auto name = run_vmadiff({"kernels", "build", tree, "--as", "a/b"});
  EXPECT_EQ(name.status, 2);
  EXPECT_EQ(name.err, "vmadiff: --as 'a/b': expected letters, digits and . _ - + alone\n");
}

TEST(Trees, WithoutOneTheSystemIsRefusedWithTheRemedy) {
  const auto refused = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"check", "--ops", "1", "--systems"});
    const auto ran = run_vmadiff(words);
    EXPECT_EQ(ran.status, 3);
    return ran.err;
  };
  EXPECT_EQ(refused({"model,tree"}),
            "vmadiff: tree cannot run here: --tree must name one: the directory of a kernel's "
            "source\n");
  EXPECT_EQ(
      refused({"model,tree:/nowhere"}),
      "vmadiff: tree:/nowhere cannot run here: /nowhere: no such directory: expected one with "
      "a kernel's source, or a name such as linux-7.3\n");
  EXPECT_EQ(refused({"model,tree", "--tree", "linux-1.0"}),
            "vmadiff: tree:linux-1.0 cannot run here: the source linux-1.0 is not here: vmadiff "
            "kernels fetch linux-1.0\n");
}

TEST(Kernels, AMirrorWithoutASuiteOfDebiansIsNone) {
  if (run_command(
          {"sh", "-c", "command -v apt-get && ls /usr/share/keyrings/debian-archive-keyring.gpg"})
          .status != 0)
    GTEST_SKIP() << "no apt-get, or no debian-archive-keyring";
  const Scratch scratch;
  const auto config =
      scratch.file("apt.conf", "Dir::Etc::sourcelist \"" + scratch.path().string() +
                                   "/sources.list\";\nDir::Etc::sourceparts \"/dev/null\";\n");
  (void)scratch.file("sources.list", "deb file:/nowhere/mirror bookworm main\n");
  const Variable apt{"APT_CONFIG", config};
  const Variable cache{"XDG_CACHE_HOME", (scratch.path() / "cache").string()};
  const auto ran = run_vmadiff({"kernels", "fetch", "debian-6.12"});
  EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
  EXPECT_NE(
      ran.err.find("vmadiff: debian-6.12 cannot be had: no suite of Debian's can be read: sid "
                   "of file:/nowhere/mirror: the mirror does not have it"),
      std::string::npos)
      << ran.err;
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "cache/vmadiff/kernels"));
}

// On Debian's real archive, in the user's own cache, where the lists may be already.
TEST(Kernels, ThoseThatDebianHasAreListed) {
  const auto ran = run_vmadiff({"kernels", "available"});
  if (ran.status == 3) GTEST_SKIP() << ran.err;
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("name "));
  EXPECT_NE(ran.out.find("  = debian-6.12\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\ndebian-6.12."), std::string::npos) << ran.out;
  const auto unknown = run_vmadiff({"kernels", "fetch", "debian-0.1"});
  EXPECT_EQ(unknown.status, 3);
  EXPECT_NE(unknown.err.find("debian-0.1 cannot be had: no suite of Debian's has it; nearest: "),
            std::string::npos)
      << unknown.err;
}

}  // namespace
}  // namespace vmadiff::tests
