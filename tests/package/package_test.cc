// tests of what is installed: the program, what comes with it, Debian's package of it, and the one
// static file, in a machine that has nothing else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "command_run.h"
#include "kernel/store/kernel_store.h"

namespace vmadiff::tests {
namespace {

namespace fs = std::filesystem;

const fs::path kBuild = VMADIFF_BINARY_DIR;

bool has_program(const std::string& name) {
  return run_command({"sh", "-c", "command -v " + name}).status == 0;
}

/// What is there, from the program to the traces, works from where it lies.
void expect_whole(const fs::path& prefix) {
  const auto program = (prefix / "bin/vmadiff").string();
  const auto version = run_command({program, "--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(version.out.starts_with("vmadiff ")) << version.out;
  const auto replayed = run_command(
      {program, "replay", (prefix / "share/vmadiff/corpus/seeds").string(), "--systems", "model"});
  EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;
  for (const char* file :
       {"share/man/man1/vmadiff.1", "share/bash-completion/completions/vmadiff",
        "share/zsh/vendor-completions/_vmadiff", "share/fish/vendor_completions.d/vmadiff.fish",
        "share/doc/vmadiff/copyright", "share/doc/vmadiff/docs/traces.md"}) {
    std::error_code error;
    EXPECT_GT(fs::file_size(prefix / file, error), 100U) << file;
  }
}

TEST(Package, IsInstalledWhole) {
  const Scratch scratch;
  const auto installed = run_command(
      {"cmake", "--install", kBuild.string(), "--prefix", (scratch.path() / "usr").string()});
  ASSERT_EQ(installed.status, 0) << installed.err;
  expect_whole(scratch.path() / "usr");
}

TEST(Package, IsADebianPackage) {
  if (!has_program("dpkg-shlibdeps")) GTEST_SKIP() << "no dpkg-dev: apt-get install dpkg-dev";
  const Scratch scratch;
  const auto packed = run_command({"cpack", "-G", "DEB", "-B", scratch.path().string(), "--config",
                                   (kBuild / "CPackConfig.cmake").string()});
  ASSERT_EQ(packed.status, 0) << packed.out << packed.err;
  fs::path package;
  for (const auto& entry : fs::directory_iterator{scratch.path()}) {
    if (entry.path().extension() == ".deb") package = entry.path();
  }
  ASSERT_FALSE(package.empty()) << packed.out;
  const auto depends = run_command({"dpkg-deb", "-f", package.string(), "Depends"});
  for (const char* library : {"libc6 (", "libfmt", "libseccomp2 (", "libstdc++6 ("})
    EXPECT_NE(depends.out.find(library), std::string::npos) << depends.out;
  const auto root = scratch.path() / "root";
  ASSERT_EQ(run_command({"dpkg-deb", "-x", package.string(), root.string()}).status, 0);
  expect_whole(root / "usr");
}

TEST(StaticBinary, NeedsNoLibrary) {
  const auto program = (kBuild / "vmadiff-static").string();
  const auto ldd = run_command({"ldd", program});
  EXPECT_NE(ldd.status, 0) << ldd.out;
  const Scratch scratch;
  // Nothing but the program can be seen from there.
  fs::create_directories(scratch.path() / "root");
  fs::copy(program, scratch.path() / "root/vmadiff");
  fs::copy(VMADIFF_SOURCE_DIR "/corpus/seeds", scratch.path() / "root/seeds");
  const auto root = (scratch.path() / "root").string();
  const auto can = run_command({"chroot", root, "/vmadiff", "--version"});
  if (can.status == 125) GTEST_SKIP() << "no chroot: root needed";
  EXPECT_EQ(can.status, 0) << can.err;
  const auto replayed =
      run_command({"chroot", root, "/vmadiff", "replay", "/seeds", "--systems", "model,impl"});
  EXPECT_EQ(replayed.status, 0) << replayed.out << replayed.err;
}

TEST(StaticBinary, SaysWhyItRunsNoTreesCode) {
  const Scratch scratch;
  const auto source = run_command({(kBuild / "vmadiff-static").string(), "check", "--systems",
                                   "model,tree", "--tree", "linux-7.3", "--ops", "100"},
                                  {.directory = scratch.path()});
  EXPECT_EQ(source.status, 3) << source.out << source.err;
  if (source.err.find("no such directory") != std::string::npos)
    GTEST_SKIP() << "no source: vmadiff kernels fetch linux-7.3";
  EXPECT_NE(source.err.find("this vmadiff is one static file"), std::string::npos) << source.err;
}

class Initramfs : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto kernel = kernel::find_kernel("debian-6.12");
    if (!kernel) GTEST_SKIP() << kernel.error();
    kernel_ = *kernel;
    if (!has_program("qemu-system-x86_64"))
      GTEST_SKIP() << "no QEMU: apt-get install qemu-system-x86";
    if (!has_program("cpio")) GTEST_SKIP() << "no cpio: apt-get install cpio";
    const auto root = scratch_.path() / "root";
    fs::create_directories(root / "t");
    fs::copy(kBuild / "vmadiff-static", root / "init");
    fs::copy(VMADIFF_SOURCE_DIR "/corpus/seeds", root / "t");
    ASSERT_EQ(run_command({"sh", "-c", "find . | cpio -o -H newc --quiet >../initramfs"},
                          {.directory = root})
                  .status,
              0);
  }

  /// What is said on the console of a machine whose first process is vmadiff with these words.
  std::string console(const std::string& words) {
    return run_command({"qemu-system-x86_64", "-m", "512", "-nographic", "-no-reboot", "-kernel",
                        kernel_.string(), "-initrd", (scratch_.path() / "initramfs").string(),
                        "-append", "console=ttyS0 panic=-1 quiet loglevel=3 -- " + words})
        .out;
  }

  Scratch scratch_;
  fs::path kernel_;
};

TEST_F(Initramfs, WithNothingElseInIt) {
  const auto version = console("--version");
  EXPECT_NE(version.find("vmadiff 0."), std::string::npos) << version;
  EXPECT_NE(version.find("status 0; the machine is switched off"), std::string::npos) << version;
  const auto replayed = console("replay /t");
  EXPECT_NE(replayed.find("; model, impl, host)"), std::string::npos) << replayed;
  EXPECT_NE(replayed.find(" 0 failed,"), std::string::npos) << replayed;
  EXPECT_NE(replayed.find("status 0; the machine is switched off"), std::string::npos) << replayed;
  // What the patch was about is a finding here, and stays one on the way out of the machine.
  const auto checked = console(
      "check --systems model,impl,host --ops 2000 --seed 1 --properties "
      "NoCompatibleNeighboursLeftUnmerged,equivalence --max-findings 1");
  EXPECT_NE(checked.find("  systems model,impl,host  "), std::string::npos) << checked;
  EXPECT_NE(checked.find("NoCompatibleNeighboursLeftUnmerged"), std::string::npos) << checked;
  EXPECT_NE(checked.find("status 1; the machine is switched off"), std::string::npos) << checked;
}

}  // namespace
}  // namespace vmadiff::tests
