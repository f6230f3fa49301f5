// tests of kernel: what a virtual machine boots from.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/machine/initramfs.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_modules.h"
#include "kernel/store/kernel_store.h"
#include "store_fixture.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

class BootFiles : public StoreTest {};

TEST_F(BootFiles, AnInitramfsIsWhatCpioReads) {
  Initramfs files;
  files.add_directory("dev");
  files.add_character_device("dev/console", 5, 1);
  files.add_program("init", "#!");
  files.add_file("dev/odd", "12345");
  const auto archive = files.finish();
  EXPECT_EQ(archive.size() % 4, 0U);
  EXPECT_EQ(archive.substr(0, 6), "070701");
  if (program_path("cpio").empty()) GTEST_SKIP() << "cpio is not installed";
  const auto path = write("archive", archive);
  const auto listed = run_command({"sh", "-c", "cpio -itv --quiet < " + path.string()});
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->status, 0) << listed->errors;
  std::vector<std::string> starts{"drwxr-xr-x", "crw-------", "-rwxr-xr-x", "-rw-r--r--"};
  std::size_t at = 0;
  for (const auto& start : starts) {
    EXPECT_EQ(listed->output.substr(at, start.size()), start) << listed->output;
    at = listed->output.find('\n', at) + 1;
  }
  EXPECT_NE(listed->output.find("5,   1"), std::string::npos) << listed->output;
}

TEST_F(BootFiles, AKernelSaysItsVersion) {
  EXPECT_EQ(version_of(write_kernel("bzImage", "6.99.0-mine")), "6.99.0-mine");
  EXPECT_EQ(version_of(write("text", "no kernel")), "");
  EXPECT_EQ(version_of(directory_ / "missing"), "");
}

std::vector<std::string> names_of(const BootModules& modules) {
  std::vector<std::string> names;
  for (const Module& module : modules.found) names.push_back(module.name);
  return names;
}

TEST_F(BootFiles, ModulesComeBehindWhatTheyDependOn) {
  const std::string version = "6.99.0-mine";
  const fs::path modules = "lib/modules/6.99.0-mine/kernel";
  const auto kernel = write_kernel("boot/vmlinuz", version);
  (void)write(modules / "a/virtio-top.ko", module(version, "virtio_mid"));
  (void)write(modules / "b/virtio_mid.ko", module(version, "base,other"));
  (void)write(modules / "base.ko", module(version));
  const auto found = modules_for(kernel, {"virtio_top", "base", "built_in"});
  EXPECT_EQ(names_of(found), (std::vector<std::string>{"base", "virtio_mid", "virtio_top"}));
  EXPECT_EQ(found.refused, std::vector<std::string>{});
}

TEST_F(BootFiles, ModulesLieWhereverAPackageHasThem) {
  const std::string version = "7.2.1-mine";
  for (const char* place : {"a/lib/modules", "b/usr/lib/modules"}) {
    const auto kernel = write_kernel(fs::path{place}.begin()->string() + "/boot/vmlinuz", version);
    (void)write(fs::path{place} / version / "kernel/ext4.ko", module(version));
    EXPECT_EQ(names_of(modules_for(kernel, {"ext4"})), std::vector<std::string>{"ext4"}) << place;
  }
  const auto inside = write_kernel("c/usr/lib/modules/7.2.1-mine/vmlinuz", version);
  (void)write("c/usr/lib/modules/7.2.1-mine/kernel/ext4.ko", module(version));
  EXPECT_EQ(names_of(modules_for(inside, {"ext4"})), std::vector<std::string>{"ext4"});
}

TEST_F(BootFiles, AModuleOfAnotherVersionIsRefused) {
  const auto kernel = write_kernel("boot/vmlinuz", "6.99.1-mine");
  (void)write("lib/modules/6.99.1-mine/kernel/ext4.ko", module("6.99.0-mine"));
  (void)write("lib/modules/6.99.1-mine/kernel/virtio_blk.ko", "ELF");
  (void)write("lib/modules/6.99.0-mine/kernel/virtio_pci.ko", module("6.99.0-mine"));
  const auto modules = modules_for(kernel, {"ext4", "virtio_blk", "virtio_pci"});
  EXPECT_EQ(names_of(modules), std::vector<std::string>{});
  EXPECT_EQ(modules.refused, (std::vector<std::string>{
                                 "ext4.ko: it was built for 6.99.0-mine, not 6.99.1-mine",
                                 "virtio_blk.ko: it does not say for which kernel it was built"}));
}

TEST_F(BootFiles, CompressedModulesAreUnpacked) {
  const std::string version = "6.99.0-mine";
  const fs::path modules = "lib/modules/6.99.0-mine/kernel";
  const auto kernel = write_kernel("boot/vmlinuz", version);
  const std::vector<std::string> programs{"xz", "zstd", "gzip"};
  for (const std::string& program : programs) {
    if (program_path(program).empty()) GTEST_SKIP() << program << " is not installed";
    const auto path = write(modules / (program + "_driver.ko"), module(version));
    ASSERT_EQ(run_command({program, "-q", path.string()})->status, 0);
    fs::remove(path);  // zstd keeps it
    EXPECT_EQ(names_of(modules_for(kernel, {program + "_driver"})),
              std::vector<std::string>{program + "_driver"});
  }
  (void)write(modules / "broken.ko.xz", "no xz");
  const auto broken = modules_for(kernel, {"broken"});
  EXPECT_EQ(names_of(broken), std::vector<std::string>{});
  ASSERT_EQ(broken.refused.size(), 1U);
  EXPECT_NE(broken.refused.front().find("broken.ko.xz: xz cannot unpack it"), std::string::npos)
      << broken.refused.front();
}

TEST_F(BootFiles, AKernelIsFoundByPathOrByName) {
  EXPECT_TRUE(is_kernel_name("debian-6.12"));
  EXPECT_FALSE(is_kernel_name("debian-"));
  EXPECT_TRUE(is_kernel_name("debian-6.12.118"));
  EXPECT_FALSE(is_kernel_name("debian-6"));
  EXPECT_FALSE(is_kernel_name("debian-6..12"));
  EXPECT_FALSE(is_kernel_name("debian-6.12."));
  EXPECT_FALSE(is_kernel_name("debian-6.1.0-9"));
  EXPECT_FALSE(is_kernel_name("debian-6.12/../x"));
  const auto found = find_kernel(write_kernel("bzImage", "6.99.0").string());
  ASSERT_TRUE(found) << found.error();
  const auto text = find_kernel(write("text", "no kernel").string());
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().find("not a bzImage"), std::string::npos);
  const auto unknown = find_kernel("debian-0.1");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error(), "the kernel debian-0.1 is not here: vmadiff kernels fetch debian-0.1");
}

TEST(Command, SomebodyMayLookOnAndInterrupt) {
  std::vector<std::string> lines;
  CommandWatch watch;
  watch.on_line = [&](std::string_view line) { lines.emplace_back(line); };
  watch.interrupted = [&] { return !lines.empty(); };
  const auto result =
      run_command({"sh", "-c", "printf 'a\nb\nunfinished'; exec sleep 1000"}, {}, watch);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->status, 128 + SIGTERM);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b"}));
}

TEST(Command, OutputErrorsAndStatusAreToldApart) {
  const auto result = run_command({"sh", "-c", "echo out; echo err >&2; exit 7"});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->status, 7);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->errors, "err\n");
  EXPECT_FALSE(run_command({"no-such-program-anywhere"}));
}

}  // namespace
}  // namespace vmadiff::kernel
