// tests of kernel: what a virtual machine boots from.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kernel/machine/initramfs.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_modules.h"
#include "kernel/store/kernel_store.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

/// A directory of its own, gone at the end of the test.
class BootFiles : public ::testing::Test {
 protected:
  BootFiles() {
    std::string path = (fs::temp_directory_path() / "vmadiff-test-XXXXXX").string();
    directory_ = ::mkdtemp(path.data());
  }
  ~BootFiles() override { fs::remove_all(directory_); }

  fs::path write(const fs::path& name, const std::string& content) const {
    const fs::path path = directory_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << content;
    return path;
  }

  /// A file that begins as a bzImage does, of that version.
  fs::path write_kernel(const fs::path& name, const std::string& version) const {
    std::string image(0x400, '\0');
    image.replace(0x202, 4, "HdrS");
    image[0x20e] = 0x10;  // the version stands at 0x210 + 0x200 - 0x200
    image[0x20f] = 0x01;
    image.replace(0x310, version.size() + 10, version + " (someone)");
    return write(name, image);
  }

  fs::path directory_;
};

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

TEST_F(BootFiles, ModulesComeBehindWhatTheyDependOn) {
  const auto kernel = write_kernel("boot/vmlinuz", "6.99.0-mine");
  const std::string zero(1, '\0');
  write("lib/modules/6.99.0-mine/kernel/a/virtio-top.ko",
        "ELF" + zero + "depends=virtio_mid" + zero);
  write("lib/modules/6.99.0-mine/kernel/b/virtio_mid.ko",
        "ELF" + zero + "depends=base,other" + zero);
  write("lib/modules/6.99.0-mine/kernel/base.ko", "ELF" + zero + "depends=" + zero);
  std::vector<std::string> names;
  for (const Module& module : modules_for(kernel, {"virtio_top", "base", "built_in"}))
    names.push_back(module.name);
  EXPECT_EQ(names, (std::vector<std::string>{"base", "virtio_mid", "virtio_top"}));
}

TEST_F(BootFiles, AKernelIsFoundByPathOrByName) {
  EXPECT_TRUE(is_kernel_name("debian-6.12"));
  EXPECT_FALSE(is_kernel_name("debian-"));
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
